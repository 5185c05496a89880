"""The log in MongoDB: one document a commit, three unique keys, every read with read concern majority.

Why it is safe stands in docs/architecture.md; how appends share one round trip, in group_commit.py.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence

from pymongo import ASCENDING, DESCENDING, AsyncMongoClient
from pymongo.errors import PyMongoError

from twinpath.domain.events import Metadata, NewEvent, RecordedEvent
from twinpath.errors import CommitTooLarge, Unavailable
from twinpath.ids import log_of, logs_of, uuid7
from twinpath.log.commits import (
    UNIQUE_KEYS,
    Document,
    commits_of,
    encode,
    events_of,
    find_commit,
    head_of,
    without_claim,
)
from twinpath.log.group_commit import WRITERS, GroupWriter
from twinpath.log.interface import MAX_COMMIT_BYTES, Appended, Commit, OnAppend
from twinpath.log.observing import AppendObserver
from twinpath.log.pending import Pending
from twinpath.mongo_client import driver_message

WATERMARKS = "relay_watermarks"
"""The collection in which the relay notes how far it has published each log."""


class MongoEventLog:
    """An EventLog: the reading side, for which a user with the right to read is enough."""

    def __init__(self, client: AsyncMongoClient[Document], database: str, logs: Sequence[str]) -> None:
        self._commits = commits_of(client, database)
        self._logs = list(logs)

    async def read_log(self, log: str, after_position: int, limit: int) -> list[RecordedEvent]:
        """See EventLog.read_log."""
        events = await self._events_after({"log": log}, "position", after_position, limit)
        return [event for event in events if event.position > after_position][:limit]

    async def read_stream(self, log: str, stream: str, after_version: int, limit: int) -> list[RecordedEvent]:
        """See EventLog.read_stream."""
        events = await self._events_after({"log": log, "stream": stream}, "version", after_version, limit)
        return [event for event in events if event.version > after_version][:limit]

    async def heads(self) -> dict[str, int]:
        """See EventLog.heads."""
        try:
            heads = await asyncio.gather(*(head_of(self._commits, log) for log in self._logs))
        except PyMongoError as error:
            raise _away(error) from error
        return dict(zip(self._logs, heads, strict=True))

    async def published(self) -> dict[str, int]:
        """See EventLog.published."""
        try:
            marks = await self._commits.database[WATERMARKS].find().to_list()
        except PyMongoError as error:
            raise _away(error) from error
        return {mark["_id"]: mark["position"] for mark in marks}

    async def _events_after(self, where: Document, key: str, after: int, limit: int = 0) -> list[RecordedEvent]:
        """The events of the commits beyond `after`, and those of the commit that spans it, if one does."""
        try:
            commits = (
                await self._commits.find({**where, key: {"$gt": after}}).sort(key, ASCENDING).limit(limit).to_list()
            )
            if after > 0 and (not commits or commits[0][key] != after + 1):
                spanning = await self._commits.find_one({**where, key: {"$lte": after}}, sort=[(key, DESCENDING)])
                commits = ([spanning] if spanning else []) + commits
        except PyMongoError as error:
            raise _away(error) from error
        return [event for commit in commits for event in events_of(commit)]


class MongoEventStore(MongoEventLog):
    """An EventStore. `patience` is for how many seconds an append outlasts a store that is away."""

    def __init__(
        self,
        client: AsyncMongoClient[Document],
        database: str,
        categories: tuple[str, ...],
        partitions: int,
        patience: float = 8.0,
        observer: AppendObserver | None = None,
    ) -> None:
        super().__init__(client, database, logs_of(categories, partitions))
        self._partitions = partitions
        self._patience = patience
        self._writer_id = uuid7()
        self._listeners: list[OnAppend] = []
        writers = [GroupWriter(self._commits, self._listeners, observer) for _ in range(min(WRITERS, partitions))]
        self._writers = {log: writers[number % len(writers)] for number, log in enumerate(self._logs)}

    async def prepare(self) -> None:
        """Make the unique keys. May be called again at any time."""
        try:
            await self._commits.create_indexes(UNIQUE_KEYS)
        except PyMongoError as error:
            raise _away(error) from error

    async def append(
        self,
        stream: str,
        events: Sequence[NewEvent],
        expected_version: int,
        command_id: str,
        metadata: Metadata,
        fingerprint: str = "",
        claims: Collection[str] = (),
    ) -> Appended:
        """See EventStore.append."""
        log = log_of(stream, self._partitions)
        encoded = encode(
            stream, log, events, expected_version, command_id, metadata, fingerprint, self._writer_id, claims
        )
        if len(encoded) > MAX_COMMIT_BYTES:
            raise CommitTooLarge(f"a commit may hold {MAX_COMMIT_BYTES} bytes; this one would take {len(encoded)}")
        deadline = asyncio.get_running_loop().time() + self._patience
        pending = Pending(
            command_id, log, stream, expected_version, events, metadata, fingerprint, claims, encoded, deadline
        )
        return await self._writers[log].append(pending)

    async def release(self, stream: str, version: int, keys: Collection[str]) -> None:
        """See EventStore.release."""
        log = log_of(stream, self._partitions)
        try:
            await self._commits.bulk_write([without_claim(log, stream, version, key) for key in keys], ordered=False)
        except PyMongoError as error:
            raise _away(error) from error

    async def load(self, stream: str, after_version: int = 0) -> list[RecordedEvent]:
        """See EventStore.load."""
        log = log_of(stream, self._partitions)
        events = await self._events_after({"log": log, "stream": stream}, "version", after_version)
        if events:
            self._writers[log].saw(stream, events[-1].version)
        return [event for event in events if event.version > after_version]

    async def commit_of(self, command_id: str) -> Commit | None:
        """See EventStore.commit_of."""
        try:
            return await find_commit(self._commits, command_id)
        except PyMongoError as error:
            raise _away(error) from error

    def on_append(self, listener: OnAppend) -> None:
        """See EventStore.on_append."""
        self._listeners.append(listener)

    async def appends_of_others(self) -> AsyncIterator[str]:
        """See EventStore.appends_of_others."""
        of_others = {"$match": {"operationType": "insert", "fullDocument.writer": {"$ne": self._writer_id}}}
        try:
            async with await self._commits.watch([of_others, {"$project": {"fullDocument.log": 1}}]) as changes:
                async for change in changes:
                    yield change["fullDocument"]["log"]
        except PyMongoError as error:
            raise _away(error) from error

    async def close(self) -> None:
        """Wait until every append that was taken has its answer."""
        await asyncio.gather(*(writer.drained() for writer in set(self._writers.values())))


def _away(error: PyMongoError) -> Unavailable:
    return Unavailable(f"the event log does not answer: {driver_message(error)}")
