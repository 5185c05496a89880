"""The log in MongoDB: one document a commit, three unique keys, every read with read concern majority.

Why it is safe stands in docs/architecture.md; how appends share one round trip, in group_commit.py.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence

from pymongo import ASCENDING, DESCENDING, AsyncMongoClient

from twinpath.domain.events import RecordedEvent
from twinpath.errors import CommitTooLarge
from twinpath.ids import category_of, log_of, logs_of, uuid7
from twinpath.log.commits import (
    KEYS,
    OF_EVENTS,
    OWNER,
    Document,
    commits_of,
    encode,
    events_of,
    find_commit,
    find_commits_with,
    heads_of,
    without_claim,
)
from twinpath.log.group_commit import WRITERS, GroupWriter
from twinpath.log.interface import (
    MAX_COMMIT_BYTES,
    Appended,
    AppendObserver,
    Commit,
    EventLog,
    EventStore,
    NewCommit,
    OnAppend,
    of_types,
)
from twinpath.log.pending import Pending
from twinpath.mongo_client import unavailable
from twinpath.personal_data.fingerprints import FORGOTTEN, PLAIN

_AWAY = "the event log does not answer"

WATERMARKS = "relay_watermarks"
"""The collection in which the relay notes how far it has published each log."""


class MongoEventLog(EventLog):
    """An EventLog: the reading side, for which a user with the right to read is enough."""

    def __init__(self, client: AsyncMongoClient[Document], database: str, logs: Sequence[str]) -> None:
        self._commits = commits_of(client, database)
        self._logs = list(logs)

    async def read_log(
        self, log: str, after_position: int, limit: int, types: Collection[str] | None = None
    ) -> list[RecordedEvent]:
        upto = after_position + limit
        if types is None:
            events = await self._events_after(log, {}, "position", after_position, limit)
        else:
            with unavailable(_AWAY):
                commits = await find_commits_with(self._commits, log, after_position, upto, types)
            events = events_of(*commits)
        if events and not after_position < events[0].position <= events[-1].position <= upto:
            events = [event for event in events if after_position < event.position <= upto]
        return of_types(events, types)

    async def read_stream(self, log: str, stream: str, after_version: int, limit: int) -> list[RecordedEvent]:
        events = await self._events_after(log, {"stream": stream}, "version", after_version, limit)
        return [event for event in events if event.version > after_version][:limit]

    async def heads(self) -> dict[str, int]:
        with unavailable(_AWAY):
            return await heads_of(self._commits, self._logs)

    async def published(self) -> dict[str, int]:
        with unavailable(_AWAY):
            marks = await self._commits.database[WATERMARKS].find().to_list()
        return {mark["_id"]: mark["position"] for mark in marks}

    async def _events_after(
        self, log: str, further: Document, key: str, after: int, limit: int = 0
    ) -> list[RecordedEvent]:
        """The events of a log's commits beyond `after`, and those of the commit that spans it, if one does."""
        where = {"log": log, **further}
        with unavailable(_AWAY):
            cursor = self._commits.find({**where, key: {"$gt": after}}, OF_EVENTS).sort(key, ASCENDING).limit(limit)
            commits = await (cursor.batch_size(limit + 1) if limit else cursor).to_list()  # all of them in one answer
            if after > 0 and (not commits or commits[0][key] != after + 1):
                before = {**where, key: {"$lte": after}}
                spanning = await self._commits.find_one(before, OF_EVENTS, sort=[(key, DESCENDING)])
                commits = ([spanning] if spanning else []) + commits
        return events_of(*commits, log=log)


class MongoEventStore(MongoEventLog, EventStore):
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
        """Make the keys. May be called again at any time."""
        with unavailable(_AWAY):
            await self._commits.create_indexes(KEYS)

    async def append(self, commit: NewCommit) -> Appended:
        log = log_of(commit.stream, self._partitions)
        encoded = encode(commit, log, self._writer_id)
        if len(encoded) > MAX_COMMIT_BYTES:
            raise CommitTooLarge(f"a commit may hold {MAX_COMMIT_BYTES} bytes; this one would take {len(encoded)}")
        deadline = asyncio.get_running_loop().time() + self._patience
        return await self._writers[log].append(Pending(commit, log, encoded, deadline))

    async def release(self, stream: str, version: int, keys: Collection[str]) -> None:
        log = log_of(stream, self._partitions)
        with unavailable(_AWAY):
            await self._commits.bulk_write([without_claim(log, stream, version, key) for key in keys], ordered=False)

    async def load(self, stream: str, after_version: int = 0) -> list[RecordedEvent]:
        log = log_of(stream, self._partitions)
        events = await self._events_after(log, {"stream": stream}, "version", after_version)
        if events:
            self._writers[log].saw(stream, events[-1].version)
        return [event for event in events if event.version > after_version]

    async def has_event(self, stream: str, event_type: str, after_version: int) -> bool:
        where = {"log": log_of(stream, self._partitions), "stream": stream, "events.type": event_type}
        with unavailable(_AWAY):
            last = await self._commits.find_one(where, sort=[("version", DESCENDING)])
        events = events_of(last) if last else []
        return any(event.type == event_type and event.version > after_version for event in events)

    async def streams_about(self, owner: str, category: str) -> list[str]:
        with unavailable(_AWAY):
            streams = await self._commits.distinct("stream", {OWNER: owner})
        return sorted(stream for stream in streams if category_of(stream) == category)

    async def forget_fingerprints(self, owner: str, event_types: Collection[str]) -> None:
        plain = {"fingerprint": PLAIN, "events.type": {"$in": list(event_types)}}
        with unavailable(_AWAY):
            for stream in await self._commits.distinct("stream", {OWNER: owner}):
                of_stream = {"log": log_of(stream, self._partitions), "stream": stream}
                await self._commits.update_many({**of_stream, **plain}, {"$set": {"fingerprint": FORGOTTEN}})

    async def commit_of(self, command_id: str) -> Commit | None:
        with unavailable(_AWAY):
            return await find_commit(self._commits, command_id)

    def on_append(self, listener: OnAppend) -> None:
        self._listeners.append(listener)

    async def appends_of_others(self) -> AsyncIterator[str]:
        of_others = {"$match": {"operationType": "insert", "fullDocument.writer": {"$ne": self._writer_id}}}
        with unavailable(_AWAY):
            async with await self._commits.watch([of_others, {"$project": {"fullDocument.log": 1}}]) as changes:
                async for change in changes:
                    yield change["fullDocument"]["log"]

    async def close(self) -> None:
        """Wait until every append that was taken has its answer."""
        await asyncio.gather(*(writer.drained() for writer in set(self._writers.values())))
