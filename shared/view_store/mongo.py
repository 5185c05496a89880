"""Views in MongoDB: a batch's changes and its checkpoints commit in one transaction."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from pymongo import (
    ASCENDING,
    DESCENDING,
    AsyncMongoClient,
    DeleteOne,
    IndexModel,
    ReadPreference,
    UpdateMany,
    UpdateOne,
    WriteConcern,
)
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from shared.errors import CheckpointMoved, Unavailable
from shared.view_store.interface import ChangeWhere, CheckpointMove, Checkpoints, Document, Remove, View, ViewChange
from shared.view_store.merging import Operation, Write, merged

_MAJORITY = ReadConcern("majority")
_DURABLE = WriteConcern("majority", j=True, wtimeout=10_000)
_CHECKPOINTS = "checkpoints"

_Bulk = list[UpdateOne | UpdateMany | DeleteOne]


class MongoViewReader:
    """A ViewReader. All reads are of majority-committed data, from the primary."""

    def __init__(self, client: AsyncMongoClient[Document], database: str) -> None:
        self._client = client
        self._database = client.get_database(
            database, read_concern=_MAJORITY, write_concern=_DURABLE, read_preference=ReadPreference.PRIMARY
        )

    async def get(self, view: str, document_id: str) -> Document | None:
        """See ViewReader.get."""
        try:
            return await self._collection(view).find_one({"_id": document_id})
        except PyMongoError as error:
            raise _away(error) from error

    async def documents(self, view: str, ids: Sequence[str]) -> list[Document]:
        """See ViewReader.documents."""
        try:
            return await self._collection(view).find({"_id": {"$in": list(ids)}}).to_list()
        except PyMongoError as error:
            raise _away(error) from error

    async def page(
        self, view: str, where: Mapping[str, Any], after: str | None, limit: int, *, descending: bool = False
    ) -> list[Document]:
        """See ViewReader.page."""
        beyond = {} if after is None else {"_id": {"$lt" if descending else "$gt": after}}
        try:
            cursor = self._collection(view).find({**where, **beyond})
            return await cursor.sort("_id", DESCENDING if descending else ASCENDING).limit(limit).to_list()
        except PyMongoError as error:
            raise _away(error) from error

    async def checkpoints(self) -> Checkpoints:
        """See ViewReader.checkpoints."""
        try:
            found = await self._database[_CHECKPOINTS].find().to_list()
        except PyMongoError as error:
            raise _away(error) from error
        return {_key(document["_id"]): document["position"] for document in found}

    async def watch_checkpoints(self) -> AsyncIterator[Checkpoints]:
        """See ViewReader.watch_checkpoints."""
        fields = {"$project": {"documentKey": 1, "fullDocument.position": 1, "updateDescription.updatedFields": 1}}
        try:
            async with await self._database[_CHECKPOINTS].watch([fields]) as changes:
                yield await self.checkpoints()  # read after the watch is open, so that no move falls between
                async for change in changes:
                    moved = change.get("fullDocument") or change["updateDescription"]["updatedFields"]
                    yield {_key(change["documentKey"]["_id"]): moved["position"]}
        except PyMongoError as error:
            raise _away(error) from error

    async def watch_documents(self, views: Sequence[str]) -> AsyncIterator[tuple[str, str]]:
        """See ViewReader.watch_documents."""
        names = {self._collection(view).name: view for view in views}
        of_these = {"$match": {"ns.coll": {"$in": list(names)}}}
        try:
            async with await self._database.watch([of_these, {"$project": {"documentKey": 1, "ns": 1}}]) as changes:
                async for change in changes:
                    if "documentKey" in change:
                        yield names[change["ns"]["coll"]], change["documentKey"]["_id"]
        except PyMongoError as error:
            raise _away(error) from error

    def _collection(self, view: str) -> AsyncCollection[Document]:
        """The one place that knows in which collection a view lives."""
        return self._database[view]


class MongoViewWriter(MongoViewReader):
    """A ViewWriter."""

    async def prepare(self, views: Iterable[View], checkpoints: Iterable[tuple[str, str]]) -> None:
        """See ViewWriter.prepare."""
        try:
            existing = set(await self._database.list_collection_names())
            for view in views:
                collection = self._collection(view.name)
                if collection.name not in existing:
                    await self._database.create_collection(collection.name, check_exists=False)
                if view.indexes:
                    await collection.create_indexes([_index(fields) for fields in view.indexes])
            starts: _Bulk = [
                UpdateOne({"_id": f"{projection}/{log}"}, {"$setOnInsert": {"position": 0}}, upsert=True)
                for projection, log in checkpoints
            ]
            if starts:
                await self._database[_CHECKPOINTS].bulk_write(starts, ordered=False)
        except PyMongoError as error:
            raise _away(error) from error

    async def commit(self, changes: Sequence[ViewChange], moves: Sequence[CheckpointMove]) -> None:
        """See ViewWriter.commit."""
        operations = _by_view(merged(changes))

        async def write(session: AsyncClientSession) -> None:
            await self._move(moves, session)
            for view, writes in operations.items():
                await self._write(view, writes, session)

        try:
            async with self._client.start_session() as session:
                await session.with_transaction(write, read_concern=_MAJORITY, write_concern=_DURABLE)
        except PyMongoError as error:
            raise _away(error) from error

    async def _move(self, moves: Sequence[CheckpointMove], session: AsyncClientSession) -> None:
        """First of all: a consumer that is behind learns it before it has written anything."""
        if not moves:
            return
        updates: _Bulk = [
            UpdateOne(
                {"_id": f"{move.projection}/{move.log}", "position": move.expected},
                {"$set": {"position": move.position}},
            )
            for move in moves
        ]
        result = await self._database[_CHECKPOINTS].bulk_write(updates, ordered=False, session=session)
        if result.matched_count < len(moves):
            raise CheckpointMoved(f"another consumer moved a checkpoint of {moves[0].log}")

    async def _write(self, view: str, operations: list[Operation], session: AsyncClientSession) -> None:
        bulk = [_statement(operation) for operation in operations]
        ordered = len({operation.id for operation in operations if isinstance(operation, Write)}) < len(operations)
        result = await self._collection(view).bulk_write(bulk, ordered=ordered, session=session)
        if any(isinstance(operation, ChangeWhere) for operation in operations):
            return  # how many documents such a change meets can't be known
        writes = [operation for operation in operations if isinstance(operation, Write)]
        if result.matched_count + result.upserted_count < len(writes):
            raise KeyError(f"a change of {view} names a document that does not exist: one of {_ids(writes)}")


def _statement(operation: Operation) -> UpdateOne | UpdateMany | DeleteOne:
    match operation:
        case Remove():
            return DeleteOne({"_id": operation.id})
        case ChangeWhere():
            return UpdateMany(operation.where, {"$set": dict(operation.set), "$inc": {"revision": 1}})
        case Write():
            update: Document = {"$inc": {**operation.increment, "revision": 1}}
            if operation.set:
                update["$set"] = operation.set
            if operation.append:
                limit = {} if operation.keep is None else {"$slice": -operation.keep}
                update["$push"] = {path: {"$each": values, **limit} for path, values in operation.append.items()}
            return UpdateOne({"_id": operation.id}, update, upsert=operation.create)


def _by_view(operations: list[Operation]) -> dict[str, list[Operation]]:
    sorted_out: defaultdict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        sorted_out[operation.view].append(operation)
    return sorted_out


def _ids(writes: list[Write]) -> str:
    return ", ".join(write.id for write in writes[:5]) + (", …" if len(writes) > 5 else "")


def _index(fields: tuple[str, ...]) -> IndexModel:
    return IndexModel([*((field, ASCENDING) for field in fields), ("_id", ASCENDING)])


def _key(checkpoint_id: str) -> tuple[str, str]:
    projection, _, log = checkpoint_id.partition("/")
    return projection, log


def _away(error: PyMongoError) -> Unavailable:
    return Unavailable(f"the views do not answer: {error}")
