"""Follows logs for a process manager: contiguous, checkpointed, each event handled at least once.

What is handled must be safe to repeat, so a checkpoint is only a mark of progress: it is written behind the handling
and never goes back. Events of one stream are handled in order, those of different streams side by side.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence

import structlog
from pymongo import AsyncMongoClient, WriteConcern
from pymongo.errors import DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern
from structlog.contextvars import bound_contextvars
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_exponential_jitter

from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unavailable
from twinpath.log.commits import Document
from twinpath.log.interface import EventLog
from twinpath.mongo_client import said

_MOST_EVENTS = 500
_SIDE_BY_SIDE = 32
_LOOK_SECONDS = 1.0
_POISON_SECONDS = 30.0
_BACKOFF = wait_exponential_jitter(multiplier=0.1, max=5.0, jitter=0.1)

_log = structlog.get_logger(__name__)

Handle = Callable[[RecordedEvent], Awaitable[None]]


class ProcessCheckpoints:
    """How far a process has got in each log, in MongoDB beside the log."""

    def __init__(self, client: AsyncMongoClient[Document], database: str, process: str) -> None:
        self._checkpoints = client[database].get_collection(
            "process_checkpoints",
            read_concern=ReadConcern("majority"),
            write_concern=WriteConcern("majority", wtimeout=10_000),
        )
        self._process = process

    async def position(self, log: str) -> int:
        """Position of the last event handled; 0 where there is none. Raises Unavailable."""
        try:
            found = await self._checkpoints.find_one({"_id": f"{self._process}/{log}"})
        except PyMongoError as error:
            raise _away(error) from error
        return 0 if found is None else int(found["position"])

    async def move(self, log: str, position: int) -> None:
        """Move forward to a position; a later one that stands already is kept. Raises Unavailable."""
        lower = {"_id": f"{self._process}/{log}", "position": {"$lt": position}}
        try:
            await self._checkpoints.update_one(lower, {"$set": {"position": position}}, upsert=True)
        except DuplicateKeyError:
            pass  # another replica is further
        except PyMongoError as error:
            raise _away(error) from error


class ProcessFollower:
    """Hands every event of these logs that `takes` wants to `handle`."""

    def __init__(
        self,
        logs: Iterable[str],
        source: EventLog,
        checkpoints: ProcessCheckpoints,
        takes: Callable[[RecordedEvent], bool],
        handle: Handle,
    ) -> None:
        self._source = source
        self._checkpoints = checkpoints
        self._takes = takes
        self._handle = handle
        self._locks = {log: asyncio.Lock() for log in logs}
        self._positions: dict[str, int] = {}
        self._side_by_side = asyncio.Semaphore(_SIDE_BY_SIDE)
        self.troubles: dict[str, str] = {}
        """Log -> why it does not go on just now."""

    async def deliver(self, log: str, events: Sequence[RecordedEvent]) -> None:
        """A BatchHandler: returns when the batch, and whatever was missing before it, is handled."""
        if events:
            await self._reach(log, events[-1].position, {event.position: event for event in events})

    async def look(self) -> None:
        """Once a second, read from the log what no message told of; until cancelled."""
        before: dict[str, int] = {}
        async with asyncio.TaskGroup() as reading:
            while True:
                await asyncio.sleep(_LOOK_SECONDS)
                try:
                    heads = await self._source.heads()
                except Unavailable:
                    continue
                except Exception:  # whatever it was, the next look begins anew
                    _log.exception("process_look_fails")
                    continue
                for log, lock in self._locks.items():
                    if self._positions.get(log, 0) < before.get(log, 0) and not lock.locked():
                        reading.create_task(self._reach(log, before[log], {}))
                before = heads

    async def _reach(self, log: str, upto: int, known: dict[int, RecordedEvent]) -> None:
        async with self._locks[log]:
            retrying = AsyncRetrying(
                retry=retry_if_exception_type(Exception), wait=_wait, before_sleep=lambda state: self._note(log, state)
            )
            await retrying(self._advance, log, upto, known)
            if self.troubles.pop(log, None) is not None:
                _log.info("process_goes_on", log=log)

    async def _advance(self, log: str, upto: int, known: dict[int, RecordedEvent]) -> None:
        if log not in self._positions:
            self._positions[log] = await self._checkpoints.position(log)
        while (position := self._positions[log]) < upto:
            batch: list[RecordedEvent] = []
            while (event := known.get(position + len(batch) + 1)) is not None and len(batch) < _MOST_EVENTS:
                batch.append(event)
            if not batch:
                stored = await self._checkpoints.position(log)
                if stored > position:  # what lies between, another replica has handled
                    self._positions[log] = stored
                    continue
                batch = await self._source.read_log(log, position, min(upto - position, _MOST_EVENTS))
            if not batch:
                raise Unavailable(f"{log} has no event {position + 1}, although {upto} was announced")
            await self._handle_batch(batch)
            await self._checkpoints.move(log, batch[-1].position)
            self._positions[log] = batch[-1].position

    async def _handle_batch(self, batch: Sequence[RecordedEvent]) -> None:
        streams: defaultdict[str, list[RecordedEvent]] = defaultdict(list)
        for event in batch:
            if self._takes(event):
                streams[event.stream].append(event)
        async with asyncio.TaskGroup() as tasks:
            for events in streams.values():
                tasks.create_task(self._handle_stream(events))

    async def _handle_stream(self, events: Sequence[RecordedEvent]) -> None:
        async with self._side_by_side:
            for event in events:
                place = {"stream": event.stream, "position": event.position, "correlation_id": event.correlation_id}
                with bound_contextvars(log=event.log, **place):
                    await self._handle(event)

    def _note(self, log: str, state: RetryCallState) -> None:
        failure = _first(state)
        said = str(failure) or type(failure).__name__
        if self.troubles.get(log) != said:
            if isinstance(failure, Unavailable):
                _log.warning("process_waits", log=log, error=said)
            else:
                _log.error("process_fails", log=log, exc_info=failure)
        self.troubles[log] = said


def _wait(state: RetryCallState) -> float:
    return _BACKOFF(state) if isinstance(_first(state), Unavailable) else _POISON_SECONDS


def _first(state: RetryCallState) -> BaseException | None:
    """The failure, or the first one that is no matter of waiting of those in a group."""
    failure = state.outcome.exception() if state.outcome else None
    while isinstance(failure, BaseExceptionGroup):
        inner = failure.exceptions
        failure = next((one for one in inner if not isinstance(one, Unavailable)), inner[0])
    return failure


def _away(error: PyMongoError) -> Unavailable:
    return Unavailable(f"the process's progress can't be kept: {said(error)}")
