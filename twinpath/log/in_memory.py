"""The log in this process's memory: for `make demo` and for tests; the same promises as MongoDB's, less durability."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection
from dataclasses import replace

import orjson

from twinpath.domain.events import SEALED, Metadata, NewEvent, RecordedEvent, record
from twinpath.errors import ClaimHeld, CommitTooLarge
from twinpath.ids import category_of, log_of, logs_of
from twinpath.log.interface import (
    MAX_COMMIT_BYTES,
    Appended,
    Commit,
    EventStore,
    NewCommit,
    OnAppend,
    conflict,
    of_types,
    repeated,
)
from twinpath.personal_data.fingerprints import FORGOTTEN, PLAIN


class InMemoryEventStore(EventStore):
    """An EventStore. Nothing here awaits between check and write, so the event loop makes each append atomic."""

    def __init__(self, categories: tuple[str, ...], partitions: int = 4) -> None:
        self._partitions = partitions
        self._logs: dict[str, list[RecordedEvent]] = {log: [] for log in logs_of(categories, partitions)}
        self._streams: defaultdict[str, list[RecordedEvent]] = defaultdict(list)
        self._commits: dict[str, Commit] = {}
        self._holders: dict[str, tuple[str, int]] = {}
        """Key of a claim -> stream and version of the commit that holds it."""
        self._owners: defaultdict[str, set[str]] = defaultdict(set)
        """Owner of personal data -> the streams that hold any of it."""
        self._listeners: list[OnAppend] = []

    async def append(self, commit: NewCommit) -> Appended:
        stream, events = commit.stream, commit.events
        if before := self._commits.get(commit.command_id):
            return repeated(before, commit.fingerprint)
        if len(orjson.dumps(events)) > MAX_COMMIT_BYTES:
            raise CommitTooLarge(f"a commit may hold {MAX_COMMIT_BYTES} bytes; this one is larger")
        history = self._streams.get(stream, [])
        if len(history) != commit.expected_version:
            raise conflict(stream, commit.expected_version, len(history))
        for key in commit.claims:
            if key in self._holders:
                raise ClaimHeld(key, self._holders[key][0])
        self._holders |= dict.fromkeys(commit.claims, (stream, commit.expected_version + 1))
        log = log_of(stream, self._partitions)
        entries = self._logs.setdefault(log, [])
        for event in events:
            recorded = record(event, stream, len(self._streams[stream]) + 1, log, len(entries) + 1, commit.metadata)
            self._streams[stream].append(recorded)
            entries.append(recorded)
            match event.data.get(SEALED):
                case {"of": str(owner)}:  # another form is damaged, and parks where it is read
                    self._owners[owner].add(stream)
        appended = Appended(stream, commit.expected_version + len(events), log, len(entries))
        self._commits[commit.command_id] = Commit(appended, commit.fingerprint, entries[-len(events) :])
        for listener in self._listeners:
            listener(log, entries[-len(events) :])
        return appended

    async def copy_to(self, target: EventStore) -> int:
        """Append every commit to another log as it is, with its id, its time and the claims that it holds.

        Returns the number of commits. A second copy changes nothing. Raises as EventStore.append does.
        """
        claims: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        for key, holder in self._holders.items():
            claims[holder].append(key)
        for command_id, commit in self._commits.items():
            first, before = commit.events[0], commit.events[0].version - 1
            events = [NewEvent(event.type, event.schema, event.data) for event in commit.events]
            about = Metadata(first.at, first.actor, first.correlation_id, first.causation_id, first.traceparent)
            held = claims[first.stream, first.version]
            await target.append(NewCommit(first.stream, events, before, command_id, about, commit.fingerprint, held))
        return len(self._commits)

    async def release(self, stream: str, version: int, keys: Collection[str]) -> None:
        for key in keys:
            holder, held_since = self._holders.get(key, ("", 0))
            if holder == stream and held_since <= version:
                del self._holders[key]

    async def load(self, stream: str, after_version: int = 0) -> list[RecordedEvent]:
        return self._streams.get(stream, [])[after_version:]

    async def has_event(self, stream: str, event_type: str, after_version: int) -> bool:
        return any(event.type == event_type for event in await self.load(stream, after_version))

    async def streams_about(self, owner: str, category: str) -> list[str]:
        return sorted(stream for stream in self._owners.get(owner, ()) if category_of(stream) == category)

    async def forget_fingerprints(self, owner: str, event_types: Collection[str]) -> None:
        streams = self._owners.get(owner, ())
        for command_id, commit in self._commits.items():
            is_of_owner = commit.appended.stream in streams and any(e.type in event_types for e in commit.events)
            if is_of_owner and PLAIN.fullmatch(commit.fingerprint):
                self._commits[command_id] = replace(commit, fingerprint=FORGOTTEN)

    async def read_log(
        self, log: str, after_position: int, limit: int, types: Collection[str] | None = None
    ) -> list[RecordedEvent]:
        return of_types(self._logs.get(log, [])[after_position : after_position + limit], types)

    async def read_stream(self, log: str, stream: str, after_version: int, limit: int) -> list[RecordedEvent]:
        events = self._streams.get(stream, [])[after_version : after_version + limit]
        return [event for event in events if event.log == log]

    async def heads(self) -> dict[str, int]:
        return {log: len(events) for log, events in self._logs.items()}

    async def published(self) -> dict[str, int]:
        """See EventLog.published: who appends publishes at once."""
        return await self.heads()

    async def commit_of(self, command_id: str) -> Commit | None:
        return self._commits.get(command_id)

    def on_append(self, listener: OnAppend) -> None:
        self._listeners.append(listener)

    async def appends_of_others(self) -> AsyncIterator[str]:
        """See EventStore.appends_of_others: this log has no other process."""
        await asyncio.Event().wait()
        yield ""
