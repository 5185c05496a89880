"""Follows logs for a process: contiguous, checkpointed, each event handled at least once.

What is handled must be safe to repeat, so a checkpoint is only a mark of progress: it is written behind the handling
and never goes back. Events of one stream are handled in order, those of different streams side by side. A stream whose
event keeps failing is parked before the checkpoint moves on.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Literal, Protocol

from structlog.contextvars import bound_contextvars

from twinpath.commands.processes.checkpoints import Checkpoints
from twinpath.commands.processes.leaving_aside import LeavingAside
from twinpath.domain.events import RecordedEvent
from twinpath.feed.following import Follower, Followers, Sink
from twinpath.log.interface import EventLog
from twinpath.running.retrying import OF_PROCESSES, Pace, Troubles, tried

_MOST_EVENTS = 500
_SIDE_BY_SIDE = 32


class Handling(Protocol):
    """What a process makes of events; all of it safe to repeat."""

    name: str
    since: Literal["beginning", "now"]
    categories: tuple[str, ...]
    """Those whose events it takes."""

    def takes(self, recorded: RecordedEvent) -> bool:
        """Whether anything follows from this event."""

    async def handle(self, recorded: RecordedEvent) -> None:
        """Carry out what follows. Raises Unavailable, and whatever a handler raises."""

    async def carry_out_due(self) -> int:
        """Carry out what is due by now; how much was. Raises Unavailable."""

    async def parked_timers(self) -> int:
        """How many timers are parked. Raises Unavailable."""


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
        pace = pace or Pace()
        side_by_side = asyncio.Semaphore(_SIDE_BY_SIDE)
        followers = []
        for log in logs:
            troubles = Troubles(log, OF_PROCESSES)
            handled = _HandledLog(log, handling, checkpoints, aside, pace, troubles, side_by_side)
            followers.append(Follower(log, source, handled, pace, troubles))
        self._followers = Followers(source, followers)
        self.deliver = self._followers.deliver
        """A BatchHandler: returns when the batch, and whatever was missing before it, is handled or parked."""
        self.stop = self._followers.stop

    @property
    def logs(self) -> list[str]:
        """The logs that it follows."""
        return list(self._followers.by_log)

    @property
    def troubles(self) -> dict[str, str]:
        """Log -> why it does not go on just now."""
        failures = {log: follower.troubles.any for log, follower in self._followers.by_log.items()}
        return {log: str(failure) or type(failure).__name__ for log, failure in failures.items() if failure}

    async def prepare(self) -> None:
        """Record where a process begins that is new and follows from now on. Raises Unavailable."""
        if self._handling.since == "now":
            heads = await self._source.heads()
            await self._checkpoints.begin(self._handling.name, {log: heads.get(log, 0) for log in self.logs})

    async def positions(self) -> dict[str, int]:
        """How far it has got in each of its logs, whichever replica did it. Raises Unavailable."""
        return dict(await self._checkpoints.positions(self._handling.name, self.logs))

    async def look(self) -> None:
        """Take up what is to be retried, and read from the log what no message told of. Raises Unavailable."""
        await self._aside.look()
        await self._followers.look()


class _HandledLog(Sink):
    """One log of a process."""

    most = _MOST_EVENTS

    def __init__(
        self,
        log: str,
        handling: Handling,
        checkpoints: Checkpoints,
        aside: LeavingAside,
        pace: Pace,
        troubles: Troubles,
        side_by_side: asyncio.Semaphore,
    ) -> None:
        self._log = log
        self._handling = handling
        self._checkpoints = checkpoints
        self._aside = aside
        self._pace = pace
        self._troubles = troubles
        self._side_by_side = side_by_side
        self._position: int | None = None

    @property
    def position(self) -> int:
        return self._position or 0

    async def load(self, upto: int) -> None:
        if self._position is None:
            await self.is_ahead()

    async def is_ahead(self) -> bool:
        """Read the checkpoint, and what is parked after it: a stream is parked before the checkpoint passes it."""
        before = self.position
        stored = await self._checkpoints.positions(self._handling.name, [self._log])
        await self._aside.learn()
        self._position = max(stored[self._log], before)
        return self._position > before

    async def take(self, events: Sequence[RecordedEvent]) -> None:
        streams: defaultdict[str, list[RecordedEvent]] = defaultdict(list)
        for event in events:
            if self._handling.takes(event):
                streams[event.stream].append(event)
        left_aside = await self._aside.extend(self._log, streams)
        async with asyncio.TaskGroup() as tasks:
            for stream, of_stream in streams.items():
                if stream not in left_aside:
                    tasks.create_task(self._handle_stream(of_stream))
        await self._checkpoints.move(self._handling.name, self._log, events[-1].position)
        self._position = events[-1].position

    async def _handle_stream(self, events: Sequence[RecordedEvent]) -> None:
        async with self._side_by_side:
            for event in events:
                place = {"stream": event.stream, "position": event.position, "correlation_id": event.correlation_id}
                with bound_contextvars(process=self._handling.name, log=event.log, **place):
                    note = partial(self._troubles.note, event.stream)
                    failure = await tried(partial(self._handling.handle, event), self._pace, note)
                    if failure is not None:
                        await self._aside.park(event, events[-1], failure)
                        return
