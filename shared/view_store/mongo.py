"""Views in MongoDB: a batch's changes and its checkpoints commit in one transaction."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from bson.codec_options import CodecOptions
from pymongo import ASCENDING, AsyncMongoClient, IndexModel, ReadPreference, UpdateOne, WriteConcern
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, PyMongoError
from pymongo.read_concern import ReadConcern

from shared.errors import CheckpointMoved, Unavailable
from shared.view_store.abandoned import clear_abandoned
from shared.view_store.interface import (
    BY_ID,
    NOTHING,
    CheckpointMove,
    Checkpoints,
    Document,
    Order,
    Place,
    Range,
    View,
    ViewChange,
)
from shared.view_store.merging import Operation, merged
from shared.view_store.mongo_parking import MongoParked
from shared.view_store.mongo_statements import (
    beyond,
    equal_to,
    met_duplicate,
    move_statement,
    our_errors,
    passes,
    segments,
    sort_by,
    statement,
    within,
)
from shared.view_store.parking import ParkingChange
from shared.view_store.writes import Write

_MAJORITY = ReadConcern("majority")
_DURABLE = WriteConcern("majority", j=True, wtimeout=10_000)
_CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True)
_CHECKPOINTS = "checkpoints"
_ATTEMPTS_BEFORE_CLEARING = 8
_UPSERTS_AFTER_DUPLICATE = 200
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1


class MongoViewReader:
    """A ViewReader. All reads are of majority-committed data, from the primary."""

    def __init__(self, client: AsyncMongoClient[Document], database: str) -> None:
        self._client = client
        self._database = client.get_database(database, _CODEC, ReadPreference.PRIMARY, _DURABLE, _MAJORITY)

    async def get(self, view: str, document_id: str) -> Document | None:
        """See ViewReader.get."""
        with our_errors():
            return await self._collection(view).find_one({"_id": document_id})

    async def documents(self, view: str, ids: Sequence[str]) -> list[Document]:
        """See ViewReader.documents."""
        with our_errors():
            return await self._collection(view).find({"_id": {"$in": list(ids)}}).to_list()

    async def page(
        self,
        view: str,
        where: Mapping[str, Any],
        after: Place | None,
        limit: int,
        order: Order = BY_ID,
        ranges: Mapping[str, Range] = NOTHING,
    ) -> list[Document]:
        """See ViewReader.page."""
        if limit < 1:
            return []  # MongoDB takes 0 for no limit
        with our_errors():
            found = self._collection(view).find({"$and": [equal_to(where), within(ranges), beyond(after, order)]})
            return await found.sort(sort_by(order)).limit(limit).to_list()

    async def checkpoints(self) -> Checkpoints:
        """See ViewReader.checkpoints."""
        with our_errors():
            found = await self._database[_CHECKPOINTS].find().to_list()
        return {_key(document["_id"]): document["position"] for document in found}

    async def watch_checkpoints(self) -> AsyncIterator[Checkpoints]:
        """See ViewReader.watch_checkpoints."""
        positions: list[Document] = [
            {"$match": {"operationType": {"$in": ["insert", "update", "replace"]}}},
            {"$project": {"documentKey": 1, "fullDocument.position": 1, "updateDescription.updatedFields": 1}},
        ]
        with our_errors():
            async with await self._database[_CHECKPOINTS].watch(positions) as changes:
                yield await self.checkpoints()  # read after the watch is open, so that no move falls between
                async for change in changes:
                    moved = change.get("fullDocument") or change["updateDescription"]["updatedFields"]
                    yield {_key(change["documentKey"]["_id"]): moved["position"]}
        raise Unavailable("the watch of the checkpoints was ended: their collection was dropped")

    async def watch_documents(self, views: Sequence[str]) -> AsyncIterator[tuple[str, str]]:
        """See ViewReader.watch_documents."""
        names = {self._collection(view).name: view for view in views}
        of_these = {"$match": {"ns.coll": {"$in": list(names)}, "documentKey": {"$exists": True}}}
        with our_errors():
            async with await self._database.watch([of_these, {"$project": {"documentKey": 1, "ns": 1}}]) as changes:
                async for change in changes:
                    yield names[change["ns"]["coll"]], change["documentKey"]["_id"]
        raise Unavailable("the watch of the views was ended: the database was dropped")

    def _collection(self, view: str) -> AsyncCollection[Document]:
        """The one place that knows in which collection a view lives."""
        return self._database[view]


class MongoViewWriter(MongoViewReader):
    """A ViewWriter. `patience` is for how many seconds a commit is tried again that loses against others.

    A put is nearly always of a new document, and MongoDB inserts several documents in the time of one upsert. So puts
    are inserted; when one meets its document, the transaction starts anew with upserts, kept to for a while.
    """

    def __init__(self, client: AsyncMongoClient[Document], database: str, patience: float = 8.0) -> None:
        super().__init__(client, database)
        self._patience = patience
        self.parked = MongoParked(self._database)
        self._upserts: dict[str, int] = {}
        """View -> for how many writes yet its puts are not taken for new documents."""

    async def prepare(self, views: Iterable[View], checkpoints: Iterable[tuple[str, str]]) -> None:
        """See ViewWriter.prepare."""
        starts = [
            UpdateOne({"_id": f"{projection}/{log}"}, {"$setOnInsert": {"position": 0}}, upsert=True)
            for projection, log in checkpoints
        ]
        with our_errors():
            existing = set(await self._database.list_collection_names())
            for view in views:
                collection = self._collection(view.name)
                if collection.name not in existing:  # made here, since a transaction that makes one blocks others
                    await self._database.create_collection(collection.name, check_exists=False)
                if view.indexes:
                    await collection.create_indexes([_index(fields) for fields in view.indexes])
            await self.parked.prepare(existing)
            if starts:
                await self._database[_CHECKPOINTS].bulk_write(starts, ordered=False)

    async def commit(
        self, changes: Sequence[ViewChange], moves: Sequence[CheckpointMove], parking: Sequence[ParkingChange] = ()
    ) -> None:
        """See ViewWriter.commit."""
        operations = merged(changes)
        now = asyncio.get_running_loop().time
        deadline = now() + self._patience
        pause = _SHORTEST_PAUSE
        with our_errors():
            async with self._client.start_session() as session:
                for attempt in count(1):
                    try:
                        await self._try_commit(operations, moves, parking, session)
                        break
                    except PyMongoError as error:
                        if not passes(error) or now() > deadline:
                            raise
                    await asyncio.sleep(pause * random.random())
                    pause = min(2 * pause, _LONGEST_PAUSE)
                    if attempt % _ATTEMPTS_BEFORE_CLEARING == 0:
                        await clear_abandoned(self._client)

    async def _try_commit(
        self,
        operations: Mapping[str, list[Operation]],
        moves: Sequence[CheckpointMove],
        parking: Sequence[ParkingChange],
        session: AsyncClientSession,
    ) -> None:
        async with await session.start_transaction(_MAJORITY, _DURABLE):
            if moves:  # first of all: a consumer that is behind learns it before it has written anything
                await self._move(moves, session)
            if parking:
                await self.parked.write(parking, session)
            for view, of_view in operations.items():
                for segment in segments(of_view):
                    await self._write(view, segment, session)

    async def _move(self, moves: Sequence[CheckpointMove], session: AsyncClientSession) -> None:
        statements = [move_statement(move) for move in moves]
        result = await self._database[_CHECKPOINTS].bulk_write(statements, session=session)
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


def _index(fields: tuple[str, ...]) -> IndexModel:
    return IndexModel([*((field, ASCENDING) for field in fields), ("_id", ASCENDING)])


def _key(checkpoint_id: str) -> tuple[str, str]:
    projection, _, log = checkpoint_id.rpartition("/")
    return projection, log
