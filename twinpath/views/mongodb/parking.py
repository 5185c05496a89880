"""The parked streams, in MongoDB: beside the views, written in their transactions."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, TypeVar

from pymongo import ASCENDING, DeleteOne, IndexModel, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from twinpath.domain.views import Document
from twinpath.errors import ParkedMoved
from twinpath.views.mongodb.statements import of_projection, our_errors
from twinpath.views.mongodb.transactions import make_collection
from twinpath.views.parking import (
    Extend,
    LateCopy,
    Park,
    Parked,
    ParkedCounts,
    ParkedStream,
    ParkingChange,
    Resume,
    Skipped,
    Tried,
    parked_id,
)

STREAMS, COUNTS, SKIPPED, LATE = COLLECTIONS = ("parked", "parked_counts", "parked_skipped", "parked_late_copies")

_RESUMED = ("version", "position", "reason", "attempts", "tried_at")
_R = TypeVar("_R", ParkedStream, Skipped, LateCopy)


class MongoParked(Parked):
    """A Parked; `write` is the writer's part within a transaction."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._database = database

    async def prepare(self) -> None:
        """Make those collections that are not there, since a transaction that makes one blocks others."""
        for name in COLLECTIONS:
            await make_collection(self._database, name)
        orders = [("tried_at", "_id"), ("projection", "tried_at", "_id")]
        indexes = [IndexModel([(field, ASCENDING) for field in order]) for order in orders]
        await self._database[STREAMS].create_indexes(indexes)

    async def write(self, changes: Sequence[ParkingChange], session: AsyncClientSession) -> None:
        """Carry out the changes. Raises ParkedMoved."""
        statements = [statement for change in changes if (statement := _statement(change))]
        if statements:
            result = await self._database[STREAMS].bulk_write(statements, session=session)
            parks = sum(isinstance(change, Park) for change in changes)
            frees = sum(isinstance(change, Resume) and change.after is None for change in changes)
            updates = len(statements) - parks - frees
            if (result.upserted_count, result.deleted_count, result.matched_count) != (parks, frees, updates):
                raise ParkedMoved("somebody else changed what is parked of a stream")
        if moved := _moved_counts(changes):
            steps = [UpdateOne({"_id": name}, {"$inc": {"streams": by}}, upsert=True) for name, by in moved.items()]
            await self._database[COUNTS].bulk_write(steps, session=session)
        for kind, name in ((Skipped, SKIPPED), (LateCopy, LATE)):
            if records := [_document(change) for change in changes if isinstance(change, kind)]:
                await self._database[name].insert_many(records, session=session)

    async def forget(self, projection: str, session: AsyncClientSession) -> None:
        """Lose what a projection has parked; what was skipped is kept for ever."""
        for name in (STREAMS, COUNTS):
            await self._database[name].delete_many(of_projection(projection), session=session)
        await self._database[LATE].delete_many({"projection": projection}, session=session)

    async def hand_over(self, projection: str, to: str, session: AsyncClientSession) -> None:
        """What the one projection has parked is the other's from now on, in the place of what that one had."""
        await self.forget(to, session)
        for name in (STREAMS, COUNTS):
            documents = await self._database[name].find(of_projection(projection), session=session).to_list()
            ids = [f"{to}/{document['_id'].partition('/')[2]}" for document in documents]
            if documents:
                renamed = [
                    {**document, "_id": _id, "projection": to} for _id, document in zip(ids, documents, strict=True)
                ]
                await self._database[name].insert_many(renamed, session=session)
        await self.forget(projection, session)

    async def counts(self) -> ParkedCounts:
        with our_errors():
            documents = await self._database[COUNTS].find({"streams": {"$ne": 0}}).to_list()
        return {_count_of(document["_id"]): document["streams"] for document in documents}

    async def among(self, projections: Collection[str], streams: Collection[str]) -> set[tuple[str, str]]:
        ids = [parked_id(projection, stream) for projection in projections for stream in streams]
        with our_errors():
            documents = (
                await self._database[STREAMS].find({"_id": {"$in": ids}}, {"projection": 1, "stream": 1}).to_list()
            )
        return {(document["projection"], document["stream"]) for document in documents}

    async def get(self, projection: str, stream: str) -> ParkedStream | None:
        with our_errors():
            document = await self._database[STREAMS].find_one({"_id": parked_id(projection, stream)})
        return None if document is None else _record(ParkedStream, document)

    async def page(self, projection: str | None, after: str | None, limit: int) -> list[ParkedStream]:
        return await _page(self._database[STREAMS], ParkedStream, projection, after, limit)

    async def longest_untried(
        self, projection: str | None, before: datetime, after: Tried | None, limit: int
    ) -> list[ParkedStream]:
        where: Document = {"tried_at": {"$lt": before}}
        if projection is not None:
            where["projection"] = projection
        if after is not None:
            at, name = after
            where["tried_at"]["$gte"] = at
            where["$or"] = [{"tried_at": {"$gt": at}}, {"tried_at": at, "_id": {"$gt": name}}]
        with our_errors():
            cursor = self._database[STREAMS].find(where).sort([("tried_at", ASCENDING), ("_id", ASCENDING)])
            return [_record(ParkedStream, document) for document in await cursor.limit(limit).to_list()]

    async def totals(self, projection: str | None) -> tuple[int, int]:
        waiting = {"$add": [{"$subtract": ["$last", "$version"]}, 1]}
        group = {"$group": {"_id": None, "streams": {"$sum": 1}, "events": {"$sum": waiting}}}
        of_these: Document = {"$match": {} if projection is None else {"projection": projection}}
        with our_errors():
            totals = await (await self._database[STREAMS].aggregate([of_these, group])).to_list()
        return (totals[0]["streams"], totals[0]["events"]) if totals else (0, 0)

    async def skipped(self, projection: str | None, after: str | None, limit: int) -> list[Skipped]:
        return await _page(self._database[SKIPPED], Skipped, projection, after, limit)

    async def late_copies(self, limit: int) -> list[LateCopy]:
        with our_errors():
            documents = await self._database[LATE].find().sort("_id", ASCENDING).limit(limit).to_list()
        return [_record(LateCopy, document) for document in documents]

    async def copied(self, ids: Sequence[str]) -> None:
        with our_errors():
            await self._database[LATE].delete_many({"_id": {"$in": list(ids)}})


async def _page(
    collection: AsyncCollection[Document], kind: type[_R], projection: str | None, after: str | None, limit: int
) -> list[_R]:
    bounds: Document = {} if projection is None else {"$gt": f"{projection}/", "$lt": f"{projection}0"}  # 0 follows /
    if after is not None:
        bounds["$gt"] = max(after, bounds.get("$gt", ""))
    with our_errors():
        documents = (
            await collection.find({"_id": bounds} if bounds else {}).sort("_id", ASCENDING).limit(limit).to_list()
        )
    return [_record(kind, document) for document in documents]


def _statement(change: ParkingChange) -> UpdateOne | DeleteOne | None:
    match change:
        case Park(parked):
            return UpdateOne({"_id": parked.id}, {"$setOnInsert": _document(parked)}, upsert=True)
        case Extend():
            return UpdateOne({"_id": parked_id(change.projection, change.stream)}, {"$max": {"last": change.last}})
        case Resume(before, None):
            return DeleteOne({**_standing(before), "last": before.last})
        case Resume(before, after):
            assert after is not None
            return UpdateOne(_standing(before), {"$set": {name: getattr(after, name) for name in _RESUMED}})
        case Skipped() | LateCopy():
            return None


def _standing(before: ParkedStream) -> Document:
    return {"_id": before.id, "version": before.version, "attempts": before.attempts}


def _moved_counts(changes: Sequence[ParkingChange]) -> Mapping[str, int]:
    """How the counts of parked streams move, by `<projection>/<log>`."""
    moved: Counter[str] = Counter()
    for change in changes:
        if isinstance(change, Park):
            moved[f"{change.parked.projection}/{change.parked.log}"] += 1
        elif isinstance(change, Resume) and change.after is None:
            moved[f"{change.before.projection}/{change.before.log}"] -= 1
    return moved


def _count_of(name: str) -> tuple[str, str]:
    projection, _, log = name.rpartition("/")
    return projection, log


def _document(record: ParkedStream | Skipped | LateCopy) -> Document:
    return {**asdict(record), "_id": record.id}


def _record(kind: type[_R], document: Mapping[str, Any]) -> _R:
    return kind(**{field.name: document[field.name] for field in fields(kind)})
