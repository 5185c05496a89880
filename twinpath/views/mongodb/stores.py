"""Views in MongoDB: a batch's changes and its checkpoints commit in one transaction."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence, Set
from typing import Any, TypeVar

from pymongo import ASCENDING, AsyncMongoClient, IndexModel, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError

from twinpath.domain.views import BY_ID, NOTHING, Document, Order, Place, Range, View
from twinpath.errors import CheckpointMoved, Unavailable
from twinpath.mongo_client import durable_database
from twinpath.views.collation import DEFAULT_LOCALE, mongo_collation
from twinpath.views.interface import (
    Batch,
    CheckpointMove,
    Checkpoints,
    DocumentChange,
    ViewReader,
    ViewWriter,
)
from twinpath.views.merging import Operation, merged
from twinpath.views.mongodb.conditions import expect_in_service, expect_kept
from twinpath.views.mongodb.parking import MongoParked
from twinpath.views.mongodb.statements import (
    NAMES_OF_CHANGE,
    beyond,
    changed_fields,
    checkpoint_id,
    checkpoint_key,
    equal_to,
    met_duplicate,
    move_statement,
    our_errors,
    segments,
    sort_by,
    statement,
    within,
)
from twinpath.views.mongodb.transactions import Transactions, make_collection
from twinpath.views.naming import FIRST_GENERATION, Generation, generation_name
from twinpath.views.parking import projection_of
from twinpath.views.writes import Write

CHECKPOINTS = "checkpoints"
_CERTAIN_SECONDS = 5.0
"""Much less than a generation that was in service stays behind."""
_Found = TypeVar("_Found")
_UPSERTS_AFTER_DUPLICATE = 200


class MongoViewReader(ViewReader):
    """A ViewReader. All reads are of majority-committed data, from the primary; text is sorted as in `locale`."""

    def __init__(self, client: AsyncMongoClient[Document], database: str, locale: str = DEFAULT_LOCALE) -> None:
        self._locale = locale
        self._client = client
        self._database = durable_database(client, database)
        self._generations: dict[str, Generation] = {}
        self._erasures: dict[str, dict[str, int]] = {}
        self._switches = 0
        self._told = -math.inf
        """When the checkpoints last told something, by the event loop's clock."""

    def generation(self, projection: str) -> Generation:
        return self._generations.get(projection, FIRST_GENERATION)

    def erasures(self, projection: str) -> Mapping[str, int]:
        return self._erasures.get(projection, NOTHING)

    async def get(self, view: str, document_id: str) -> Document | None:
        async def read(collection: AsyncCollection[Document]) -> Document | None:
            return await collection.find_one({"_id": document_id})

        return await self._read(view, read)

    async def documents(self, view: str, ids: Sequence[str]) -> list[Document]:
        async def read(collection: AsyncCollection[Document]) -> list[Document]:
            return await collection.find({"_id": {"$in": list(ids)}}).to_list()

        return await self._read(view, read)

    async def page(
        self,
        view: str,
        where: Mapping[str, Any],
        after: Place | None,
        limit: int,
        order: Order = BY_ID,
        ranges: Mapping[str, Range] = NOTHING,
    ) -> list[Document]:
        if limit < 1:
            return []  # MongoDB takes 0 for no limit
        wanted = {"$and": [equal_to(where), within(ranges), beyond(after, order)]}

        async def read(collection: AsyncCollection[Document]) -> list[Document]:
            documents = collection.find(wanted).sort(sort_by(order)).limit(limit)
            if order.collated:
                documents = documents.collation(mongo_collation(self._locale))
            return await documents.to_list()

        return await self._read(view, read)

    async def checkpoints(self) -> Checkpoints:
        switches = self._switches
        with our_errors():
            documents = await self._database[CHECKPOINTS].find(projection={"opened": 0}).to_list()
        self._told = asyncio.get_running_loop().time()
        if switches == self._switches:  # the watch told of none meanwhile: this is all, also when it was set back
            self._generations.clear()
        for document in documents:
            self._learn(document["_id"], document)
        return {checkpoint_key(document["_id"]): document["position"] for document in documents}

    async def watch_checkpoints(self) -> AsyncIterator[Checkpoints]:
        positions: list[Document] = [
            {"$match": {"operationType": {"$in": ["insert", "update", "replace"]}}},
            {"$project": {"documentKey": 1, "fullDocument": 1, "updateDescription.updatedFields": 1}},
            {"$unset": ["fullDocument.opened", "updateDescription.updatedFields.opened"]},
        ]
        with our_errors():
            async with await self._database[CHECKPOINTS].watch(positions) as changes:
                yield await self.checkpoints()  # read after the watch is open, so that no move falls between
                while changes.alive:
                    change = await changes.try_next()  # MongoDB answers after a second when there is none
                    self._told = asyncio.get_running_loop().time()
                    if change is None:
                        yield {}
                        continue
                    moved = change.get("fullDocument") or change["updateDescription"]["updatedFields"]
                    self._learn(change["documentKey"]["_id"], moved)
                    if "position" in moved:
                        yield {checkpoint_key(change["documentKey"]["_id"]): moved["position"]}
        raise Unavailable("the watch of the checkpoints was ended: their collection was dropped")

    async def watch_documents(self, views: Sequence[str]) -> AsyncIterator[DocumentChange]:
        names = {self._collection(view).name: view for view in views}
        a_document = {"ns.coll": {"$in": list(names)}, "documentKey": {"$exists": True}}
        a_switch = {"ns.coll": CHECKPOINTS, "updateDescription.updatedFields.generation": {"$exists": True}}
        events: list[Document] = [{"$match": {"$or": [a_document, a_switch]}}, {"$project": NAMES_OF_CHANGE}]
        with our_errors():
            async with await self._database.watch(events) as changes:
                async for change in changes:
                    if (view := names.get(change["ns"]["coll"])) is None:
                        await self.checkpoints()
                        raise Unavailable("another generation of a view is in service: it is to be read anew")
                    yield DocumentChange(view, change["documentKey"]["_id"], changed_fields(change))
        raise Unavailable("the watch of the views was ended: the database was dropped")

    async def _read(self, view: str, read: Callable[[AsyncCollection[Document]], Awaitable[_Found]]) -> _Found:
        """The answer of the generation in service, which the checkpoints are asked for when nobody has told of them for
        a while: one that was retired answers too, with what is out of date."""
        if asyncio.get_running_loop().time() > self._told + _CERTAIN_SECONDS:
            await self.checkpoints()
        with our_errors():
            return await read(self._collection(view))

    def _collection(self, view: str) -> AsyncCollection[Document]:
        """The one place that knows in which collection a view lives."""
        return self._database[generation_name(view, self.generation(view).number)]

    def _learn(self, checkpoint: str, stored: Document) -> None:
        """A checkpoint tells the generation that it counts for; one that is found later is never an earlier one."""
        projection, log = checkpoint_key(checkpoint)
        if "erased" in stored:
            self._erasures.setdefault(projection, {})[log] = stored["erased"]
        if stored.get("generation", 0) >= self.generation(projection).number:
            version = stored.get("version", self.generation(projection).version)  # not told when it stays the same
            self._switches += stored["generation"] > self.generation(projection).number
            self._generations[projection] = Generation(stored["generation"], version)


class MongoViewWriter(MongoViewReader, ViewWriter):
    """A ViewWriter. `patience` is for how many seconds a commit is tried again that loses against others.

    A put is nearly always of a new document, and MongoDB inserts several documents in the time of one upsert. So puts
    are inserted; when one meets its document, the transaction starts anew with upserts, kept to for a while.
    """

    def __init__(
        self, client: AsyncMongoClient[Document], database: str, patience: float = 8.0, locale: str = DEFAULT_LOCALE
    ) -> None:
        super().__init__(client, database, locale)
        self._transactions = Transactions(client, patience)
        self.parked = MongoParked(self._database)
        self._upserts: dict[str, int] = {}
        """View -> for how many writes yet its puts are not taken for new documents."""
        self._versions: dict[str, int] = {}

    async def prepare(
        self,
        views: Iterable[View] = (),
        checkpoints: Iterable[tuple[str, str]] = (),
        versions: Mapping[str, int] = NOTHING,
    ) -> None:
        self._versions |= versions
        existing = {projection for projection, _ in await self.checkpoints()}
        starts = [
            UpdateOne({"_id": checkpoint_id(*checkpoint)}, {"$setOnInsert": self._start(checkpoint[0], existing)}, True)
            for checkpoint in checkpoints
        ]
        with our_errors():
            for view in views:
                collection = self._collection(view.name)
                await self._make(collection.name)
                if view.indexes:
                    await collection.create_indexes([self._index(fields, view) for fields in view.indexes])
                    await self._drop_of_other_locales(collection)
            await self.parked.prepare()
            if starts:
                await self._database[CHECKPOINTS].bulk_write(starts, ordered=False)
        await self.checkpoints()

    async def opened(self, log: str, projections: Collection[str]) -> Mapping[str, Collection[str]]:
        ids = {checkpoint_id(name, log): name for name in projections}
        with our_errors():
            some = {"_id": {"$in": list(ids)}, "opened.0": {"$exists": True}}
            documents = await self._database[CHECKPOINTS].find(some, {"opened": 1}).to_list()
        return {ids[document["_id"]]: document["opened"] for document in documents}

    async def commit(self, batch: Batch) -> None:
        operations = merged(batch.changes)
        checkpoints = self._database[CHECKPOINTS]

        async def work(session: AsyncClientSession) -> None:
            if batch.moves:  # first of all: a consumer that is behind learns it before it has written anything
                await self._move(batch.moves, session)
            if batch.parking:
                if not batch.moves:  # of a retry: the switch of a generation takes what is parked along
                    names = {projection_of(change) for change in batch.parking}
                    await expect_in_service(checkpoints, {n: self.generation(n).number for n in names}, session)
                await self.parked.write(batch.parking, session)
            if batch.kept is not None:
                await expect_kept(checkpoints, batch.kept, session)
            await self._change(operations, session)

        await self._transactions.carry_out(work)

    async def _make(self, collection: str) -> None:
        """Make a collection that is missing; a transaction that made one would block others."""
        with our_errors():
            await make_collection(self._database, collection)

    async def _change(self, operations: Mapping[str, list[Operation]], session: AsyncClientSession) -> None:
        for view, of_view in operations.items():
            for segment in segments(of_view):
                await self._write(view, segment, session)

    async def _move(self, moves: Sequence[CheckpointMove], session: AsyncClientSession) -> None:
        statements = [
            move_statement(move, self.generation(move.projection).number, self._version(move.projection))
            for move in moves
        ]
        result = await self._database[CHECKPOINTS].bulk_write(statements, session=session)
        if result.matched_count < len(moves):
            raise CheckpointMoved(f"another consumer moved a checkpoint of {moves[0].log}")

    async def _write(self, view: str, operations: list[Operation], session: AsyncClientSession) -> None:
        insert = not self._upserts.get(view)
        statements = [statement(operation, insert=insert) for operation in operations]
        try:
            result = await self._collection(view).bulk_write(statements, session=session)
        except BulkWriteError as error:
            if met_duplicate(error):
                self._upserts[view] = _UPSERTS_AFTER_DUPLICATE  # also when this transaction is tried again
            raise
        if not insert:
            self._upserts[view] -= 1
        writes = [operation for operation in operations if isinstance(operation, Write)]
        if writes and result.inserted_count + result.matched_count + result.upserted_count < len(writes):
            needed = {write.id for write in writes if not write.create}
            there = await self._collection(view).distinct("_id", {"_id": {"$in": list(needed)}}, session=session)
            missing = ", ".join(sorted(needed - set(there))[:5])
            raise KeyError(f"a change of {view} names a document that does not exist: {missing}")

    def _index(self, fields: tuple[str, ...], view: View) -> IndexModel:
        keys = [*((field, ASCENDING) for field in fields), ("_id", ASCENDING)]
        if set(fields).isdisjoint(view.collated):
            return IndexModel(keys)
        name = "_".join((*fields, "in", self._locale))
        return IndexModel(keys, name=name, collation=mongo_collation(self._locale))

    async def _drop_of_other_locales(self, collection: AsyncCollection[Document]) -> None:
        async for index in await collection.list_indexes():
            if index.get("collation") and not index["name"].endswith(f"_in_{self._locale}"):
                await collection.drop_index(index["name"])

    def _version(self, projection: str) -> int:
        """The version that this writer commits for; one that it was not told of is as it is stored."""
        return self._versions.get(projection, self.generation(projection).version)

    def _start(self, projection: str, existing: Set[str]) -> Document:
        generation = self.generation(projection)
        version = generation.version if projection in existing else self._version(projection)
        return {"position": 0, "generation": generation.number, "version": version}
