"""Group commit: appends that arrive while a batch is in flight form the next batch, one insert for all.

Three unique keys decide every race (docs/architecture.md). What a writer knows, the logs' heads and the streams'
versions, comes from majority reads and acknowledged inserts only, so it can be behind but never wrong: being behind
costs one refused insert, after which it is read anew. That read is in the insert's session, so it is answered once the
commit that was first has reached a majority, and sees it.

The technique of letting the batch grow while the last one is written is as old as databases: DeWitt et al.,
"Implementation Techniques for Main Memory Database Systems", SIGMOD 1984.
"""

import asyncio
from collections import OrderedDict, defaultdict, deque
from collections.abc import Sequence
from contextvars import Context
from time import perf_counter
from typing import Any

import structlog
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError, PyMongoError, ServerSelectionTimeoutError

from twinpath.domain.events import RecordedEvent
from twinpath.errors import CommandIdReused, OutcomeUnknown, Unavailable
from twinpath.log.commits import (
    Commits,
    Document,
    at_position,
    find_commits,
    find_holders,
    head_of,
    recorded,
    summary,
    version_of,
)
from twinpath.log.interface import Appended, AppendObserver, Commit, OnAppend, conflict, repeated
from twinpath.log.pending import Pending, mark_sent, refuse, settle, without_claims
from twinpath.mongo_client import driver_message

WRITERS = 2
"""They share the logs, each its own."""
MAX_BATCH_COMMITS = 500
MAX_BATCH_BYTES = 16 * 1024 * 1024
MAX_WAITING = 10_000
_REMEMBERED_STREAMS = 100_000
_DUPLICATE_KEY = 11000

_log = structlog.get_logger(__name__)


class GroupWriter:
    """Writes some of the logs; makes one insert at a time, in its own task, which ends when nothing waits.

    An insert costs this process and the server much the same whatever it holds, so few writers with large batches are
    cheaper than one for each log: with two, 64 callers had 27 commits a batch and 30 µs of CPU an append, with four 12
    and 41 µs. With one, the server would be idle whenever this process works, and the other way round.
    """

    def __init__(self, commits: Commits, listeners: Sequence[OnAppend], observer: AppendObserver | None = None) -> None:
        self._commits = commits
        self._listeners = listeners
        self._observer = observer or AppendObserver()
        self._waiting: deque[Pending] = deque()
        self._task: asyncio.Task[None] | None = None
        self._heads: dict[str, int] = {}
        self._versions: OrderedDict[str, int] = OrderedDict()
        self._session: AsyncClientSession

    async def append(self, pending: Pending) -> Appended:
        """Queue an append and wait for its answer; see EventStore.append for what it raises."""
        if len(self._waiting) >= MAX_WAITING:
            raise Unavailable(f"{MAX_WAITING} commands wait already", code="overloaded")
        self._waiting.append(pending)
        if self._task is None:
            self._task = asyncio.create_task(self._write_all(), name="append", context=Context())
        return await pending.answer

    def saw(self, stream: str, version: int) -> None:
        """Remember a version read at majority; the least recently seen streams are forgotten."""
        self._versions[stream] = max(self._versions.get(stream, 0), version)
        self._versions.move_to_end(stream)
        if len(self._versions) > _REMEMBERED_STREAMS:
            self._versions.popitem(last=False)

    async def drained(self) -> None:
        """Wait until every append that was taken has its answer."""
        if self._task is not None:
            await self._task

    async def _write_all(self) -> None:
        failures = 0
        batch: list[Pending] = []
        try:
            async with self._commits.database.client.start_session() as self._session:
                while batch := self._take():
                    try:
                        await self._attempt(batch)
                        if failures:
                            _log.info("event_log_back")
                        failures = 0
                    except PyMongoError as error:
                        await self._outlast(batch, error, failures)
                        failures += 1
        finally:  # empty in the ordinary case; when this task is cancelled or fails, nobody is left without an answer
            for pending in (*batch, *self._waiting):
                refuse(pending, OutcomeUnknown("the writer was stopped; repeat with the same key"))
            self._waiting.clear()
            self._task = None

    def _take(self) -> list[Pending]:
        """The next batch; whoever was cancelled while waiting is left out."""
        batch: list[Pending] = []
        size = 0
        while self._waiting and len(batch) < MAX_BATCH_COMMITS:
            size += len(self._waiting[0].encoded)
            if batch and size > MAX_BATCH_BYTES:
                break
            pending = self._waiting.popleft()
            if not pending.answer.done():
                batch.append(pending)
        return batch

    async def _attempt(self, batch: list[Pending]) -> None:
        """One insert of what can be inserted; who is in doubt is looked up meanwhile, and answered or in line again."""
        for log in {pending.log for pending in batch} - self._heads.keys():
            self._heads[log] = await head_of(self._commits, log, self._session)
        chosen: list[Pending] = []
        doubtful: list[Pending] = []
        again: list[Pending] = []
        taken: set[str] = set()
        for pending in batch:
            if pending.suspect or pending.commit.expected_version != self._versions.get(pending.commit.stream, 0):
                doubtful.append(pending)
            elif pending.commit.stream in taken or pending.commit.command_id in taken:
                pending.suspect = True  # of two in one batch the first decides what becomes of the second
                again.append(pending)
            else:
                taken |= {pending.commit.stream, pending.commit.command_id}
                chosen.append(pending)
        self._waiting.extendleft(reversed(again))
        works = [work(some) for work, some in ((self._insert, chosen), (self._look_up, doubtful)) if some]
        for failure in await asyncio.gather(*works, return_exceptions=True):
            if failure is not None:
                raise failure

    async def _look_up(self, doubtful: list[Pending]) -> None:
        """Answer those whose command took effect already or whose expected version is not the stream's; who is left
        stands in line again, its stream's version known."""
        carried_out, holders, now_at = await self._read_about(doubtful)
        fresh = []
        for pending in doubtful:
            now = now_at[pending.commit.stream]
            if commit := carried_out.get(pending.commit.command_id):
                try:
                    first_answer = repeated(commit, pending.commit.fingerprint)
                    settle(pending, commit.appended if pending.sent else first_answer)
                except CommandIdReused as error:
                    refuse(pending, error)
            elif pending.commit.expected_version != now:
                self._observer.lost_race("version")
                refuse(pending, conflict(pending.commit.stream, pending.commit.expected_version, now))
            elif refusal := without_claims(pending, holders):
                self._observer.lost_race("claim")
                refuse(pending, refusal)
            else:
                pending.suspect = False
                fresh.append(pending)
        self._waiting.extendleft(reversed(fresh))

    async def _read_about(
        self, doubtful: list[Pending]
    ) -> tuple[dict[str, Commit], dict[str, Document], dict[str, int]]:
        """Which of the commands took effect, by their ids; who holds their claims; the versions of their streams."""
        unknown = [
            p.commit.stream
            for p in doubtful
            if p.suspect or p.commit.expected_version > self._versions.get(p.commit.stream, 0)
        ]
        unread = list(dict.fromkeys(unknown))
        logs = {p.commit.stream: p.log for p in doubtful}
        carried_out, holders, versions = await asyncio.gather(
            find_commits(self._commits, [pending.commit.command_id for pending in doubtful]),
            find_holders(self._commits, {key for pending in doubtful for key in pending.commit.claims}),
            asyncio.gather(*(version_of(self._commits, logs[stream], stream) for stream in unread)),
        )
        for stream, version in zip(unread, versions, strict=True):
            self.saw(stream, version)
        now_at = {pending.commit.stream: self._versions.get(pending.commit.stream, 0) for pending in doubtful}
        # an insert whose outcome is not known may have come about between the reads: whoever it moved a version for is
        # found by an id read after the version, and whoever it holds a claim for by that
        carried_out |= {holder["_id"]: summary(holder, ()) for holder in holders.values()}
        moved = [
            p.commit.command_id
            for p in doubtful
            if p.commit.stream in unread and p.commit.expected_version < now_at[p.commit.stream]
        ]
        if moved := [command_id for command_id in moved if command_id not in carried_out]:
            carried_out |= await find_commits(self._commits, moved)
        return carried_out, holders, now_at

    async def _insert(self, batch: list[Pending]) -> None:
        heads: dict[str, int] = {}
        documents: list[Any] = []
        places: list[Appended] = []
        for pending in batch:
            head = heads.get(pending.log, self._heads[pending.log])
            documents.append(at_position(pending.encoded, head + 1))
            heads[pending.log] = head = head + len(pending.commit.events)
            version = pending.commit.expected_version + len(pending.commit.events)
            places.append(Appended(pending.commit.stream, version, pending.log, head))
        written = len(batch)
        began = perf_counter()
        try:
            await self._commits.insert_many(documents, ordered=True, session=self._session)
        except ServerSelectionTimeoutError:
            raise  # no server was found, so nothing was sent
        except BulkWriteError as error:
            written = self._written_before(error, batch)
        except PyMongoError:
            mark_sent(batch)
            raise
        finally:
            self._observer.inserted(len(batch), perf_counter() - began)
        self._acknowledge(batch[:written], places[:written])
        self._waiting.extendleft(reversed(batch[written:]))

    def _acknowledge(self, batch: list[Pending], places: list[Appended]) -> None:
        for pending, appended in zip(batch, places, strict=True):
            if appended.log in self._heads:  # else another one was first behind it
                self._heads[appended.log] = appended.position
            self.saw(appended.stream, appended.version)
            settle(pending, appended)
        if self._listeners:
            self._tell(batch, places)

    def _tell(self, batch: list[Pending], places: list[Appended]) -> None:
        written: defaultdict[str, list[RecordedEvent]] = defaultdict(list)
        for pending, last in zip(batch, places, strict=True):
            written[pending.log] += recorded(pending.commit, last)
        for log, events in written.items():
            for listener in self._listeners:
                listener(log, events)

    def _written_before(self, error: BulkWriteError, batch: list[Pending]) -> int:
        """How many of an ordered insert stand; what was found out about the one that does not is noted.

        Raises the error again when its outcome is not certain, or is not a matter of a unique key.
        """
        details = error.details or {}
        first = next(iter(details.get("writeErrors", ())), None)
        if first is None or first["code"] != _DUPLICATE_KEY or details.get("writeConcernErrors"):
            mark_sent(batch)
            raise error
        index = int(first["index"])
        if "position" in first["keyPattern"]:
            for pending in batch[index:]:  # also of the other logs: who writes one writes them all
                self._heads.pop(pending.log, None)
            self._observer.lost_race("position")
        else:
            batch[index].suspect = True
            lost = first.get("keyValue", {}).get("claims")
            for pending in batch[index + 1 :]:
                pending.suspect |= lost in pending.commit.claims  # one look-up for all who race for it
        return index

    async def _outlast(self, batch: list[Pending], error: PyMongoError, failures: int) -> None:
        """The store went away: forget what was known, and go on with those that still have time."""
        if not failures:
            waiting = len(batch) + len(self._waiting)
            _log.warning("event_log_away", waiting=waiting, error=driver_message(error))
        self._heads.clear()
        self._versions.clear()
        now = asyncio.get_running_loop().time()
        again = []
        for pending in dict.fromkeys((*batch, *self._waiting)):
            if pending.answer.done():
                continue
            pending.suspect = True
            if now < pending.deadline:
                again.append(pending)
            elif pending.sent:
                refuse(pending, OutcomeUnknown("the event log went away while it wrote; repeat with the same key"))
            else:
                refuse(pending, Unavailable("the event log does not answer; nothing was written"))
        self._waiting = deque(again)
        if again:
            await asyncio.sleep(min(0.05 * 2**failures, 1.0))
