"""Follows logs for a process: contiguous, checkpointed, each event handled at least once.

What is handled must be safe to repeat, so a checkpoint is only a mark of progress: it is written behind the handling
and never goes back. Events of one stream are handled in order, those of different streams side by side. A stream whose
event keeps failing is parked before the checkpoint moves on.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Literal, Protocol

import structlog
from structlog.contextvars import bound_contextvars

from twinpath.commands.processes.checkpoints import Checkpoints
from twinpath.commands.processes.leaving_aside import LeavingAside
from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unavailable
from twinpath.feed.contiguity import next_events
from twinpath.log.interface import EventLog
from twinpath.running.retrying import OF_PROCESSES, WAITED_OUT, Pace, Troubles, tried, until_done

_MOST_EVENTS = 500
_SIDE_BY_SIDE = 32

_log = structlog.get_logger(__name__)


class Handling(Protocol):
    """What a process makes of events; all of it safe to repeat."""

    name: str
    since: Literal["beginning", "now"]
    categories: tuple[str, ...]
    """Those whose events it takes."""

    def takes(self, recorded: RecordedEvent) -> bool:
        """Whether anything follows from this event."""
        ...

    async def handle(self, recorded: RecordedEvent) -> None:
        """Carry out what follows. Raises Unavailable, and whatever a handler raises."""
        ...

    async def carry_out_due(self) -> int:
        """Carry out what is due by now; how much was. Raises Unavailable."""
        ...

    async def parked_timers(self) -> int:
        """How many timers are parked. Raises Unavailable."""
        ...


class ProcessFollower:
    """Hands every event of these logs that a process takes to it. `prepare` before anything is delivered."""

    def __init__(
        self,
        handling: Handling,
        logs: Iterable[str],
        source: EventLog,
        checkpoints: Checkpoints,
        aside: LeavingAside,
        pace: Pace | None = None,
    ) -> None:
        self._handling = handling
        self._source = source
        self._checkpoints = checkpoints
        self._aside = aside
        self._pace = pace or Pace()
        self._locks = {log: asyncio.Lock() for log in logs}
        self._positions: dict[str, int] = {}
        self._before: dict[str, int] = {}
        self._passed_by = dict.fromkeys(self._locks, 0)
        self._by_others = dict.fromkeys(self._locks, 0)
        self._side_by_side = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._troubles = {log: Troubles(log, OF_PROCESSES) for log in self._locks}

    @property
    def logs(self) -> list[str]:
        """The logs that it follows."""
        return list(self._locks)

    @property
    def troubles(self) -> dict[str, str]:
        """Log -> why it does not go on just now."""
        failures = {log: troubles.any for log, troubles in self._troubles.items()}
        return {log: str(failure) or type(failure).__name__ for log, failure in failures.items() if failure}

    async def prepare(self) -> None:
        """Record where a process begins that is new and follows from now on. Raises Unavailable."""
        if self._handling.since == "now":
            heads = await self._source.heads()
            await self._checkpoints.begin(self._handling.name, {log: heads.get(log, 0) for log in self._locks})

    async def positions(self) -> dict[str, int]:
        """How far it has got in each of its logs, whichever replica did it. Raises Unavailable."""
        return dict(await self._checkpoints.positions(self._handling.name, self.logs))

    async def deliver(self, log: str, events: Sequence[RecordedEvent]) -> None:
        """A BatchHandler: returns when the batch, and whatever was missing before it, is handled or parked."""
        if events:
            self._passed_by[log] = 0
            await self._reach(log, events[-1].position, {event.position: event for event in events})

    def behind(self, log: str) -> bool:
        """See Followed.behind."""
        return self._positions.get(log, 0) < self._before.get(log, 0)

    def passed_by(self, log: str) -> int:
        """See Followed.passed_by; what another replica has handled counts as told of."""
        return self._passed_by[log]

    async def look(self) -> None:
        """Once a second, read from the log what no message told of, and take up what is to be retried; endless."""
        async with asyncio.TaskGroup() as reading:
            while True:
                await asyncio.sleep(self._pace.look)
                try:
                    heads = await self._source.heads()
                    await self._aside.look()
                except WAITED_OUT:
                    continue
                except Exception:  # whatever it was, the next look begins anew
                    _log.exception("process_look_fails", process=self._handling.name)
                    continue
                for log, lock in self._locks.items():
                    if self.behind(log) and not lock.locked():
                        reading.create_task(self._fetch(log, self._before[log]))
                self._before = heads

    async def _fetch(self, log: str, upto: int) -> None:
        by_others = self._by_others[log]
        await self._reach(log, upto, {})
        with suppress(Unavailable):
            published = (await self._source.published()).get(log, 0) >= upto  # else the relay is late, and no queue
            self._passed_by[log] += published and by_others == self._by_others[log]

    async def _reach(self, log: str, upto: int, at_hand: dict[int, RecordedEvent]) -> None:
        async with self._locks[log]:
            work = partial(self._advance, log, upto, at_hand)
            await until_done(work, self._pace, partial(self._troubles[log].note, log))

    async def _advance(self, log: str, upto: int, at_hand: dict[int, RecordedEvent]) -> None:
        if log not in self._positions:
            await self._learn(log)
        while (position := self._positions[log]) < upto:
            if position + 1 not in at_hand:
                await self._learn(log)
                if self._positions[log] > position:  # what lies between, another replica has handled
                    self._by_others[log] += 1
                    self._passed_by[log] = 0
                    continue
            batch = await next_events(self._source, log, position, upto, at_hand, _MOST_EVENTS)
            await self._handle_batch(log, batch)
            await self._checkpoints.move(self._handling.name, log, batch[-1].position)
            self._positions[log] = batch[-1].position

    async def _learn(self, log: str) -> None:
        """Read the checkpoint, and what is parked after it: a stream is parked before the checkpoint passes it."""
        stored = await self._checkpoints.positions(self._handling.name, [log])
        await self._aside.learn()
        self._positions[log] = max(stored[log], self._positions.get(log, 0))

    async def _handle_batch(self, log: str, batch: Sequence[RecordedEvent]) -> None:
        streams: defaultdict[str, list[RecordedEvent]] = defaultdict(list)
        for event in batch:
            if self._handling.takes(event):
                streams[event.stream].append(event)
        left_aside = await self._aside.extend(log, streams)
        async with asyncio.TaskGroup() as tasks:
            for stream, events in streams.items():
                if stream not in left_aside:
                    tasks.create_task(self._handle_stream(events))

    async def _handle_stream(self, events: Sequence[RecordedEvent]) -> None:
        async with self._side_by_side:
            for event in events:
                place = {"stream": event.stream, "position": event.position, "correlation_id": event.correlation_id}
                with bound_contextvars(process=self._handling.name, log=event.log, **place):
                    note = partial(self._troubles[event.log].note, event.stream)
                    failure = await tried(partial(self._handling.handle, event), self._pace, note)
                    if failure is not None:
                        await self._aside.park(event, events[-1], failure)
                        return
