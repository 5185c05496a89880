"""One process at work in this replica: its feed from the broker, its looks at the log, its timers."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

from structlog.contextvars import bound_contextvars

from twinpath.clock import Clock, utc_now
from twinpath.commands.processes.checkpoints import Checkpoints
from twinpath.commands.processes.following import HandledLog, Handling, keep
from twinpath.commands.processes.leaving_aside import LeavingAside
from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unavailable
from twinpath.feed.following import Follower, Followers
from twinpath.feed.interface import EventFeed
from twinpath.log.interface import EventLog
from twinpath.running.retrying import OF_PROCESSES, Pace, Troubles, repeated, tried
from twinpath.views.interface import BatchWriter

_SIDE_BY_SIDE = 32


class RunningProcess:
    """Of several replicas one has each log, the others stand by; due timers any replica may carry out.

    `logs` is log -> the types of events whose batches come to it, None for all; of the others it reads what lies
    between when it needs to know.
    """

    def __init__(
        self,
        handling: Handling,
        logs: Mapping[str, Collection[str] | None],
        source: EventLog,
        checkpoints: Checkpoints,
        parking: BatchWriter,
        pace: Pace | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self.name = handling.name
        self.handling = handling
        self._pace = pace or Pace()
        self._source = source
        self._checkpoints = checkpoints
        self._aside = LeavingAside(handling.name, parking, source, self._handle_taken, clock)
        self._side_by_side = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._handled = [
            HandledLog(log, types, handling, checkpoints, self._aside, self._handle_stream)
            for log, types in logs.items()
        ]
        self.followers = Followers(source, map(self._follower, self._handled))
        self.deliver = self.followers.deliver
        self.feed: EventFeed | None = None
        self._tasks: list[asyncio.Task[NoReturn]] = []
        self._troubles = Troubles(self.name, OF_PROCESSES)
        self.parked_timers = 0
        """How many timers are parked, as last seen."""

    async def start(self, feed: EventFeed | None = None) -> None:
        """Begin, without waiting for the broker; without a feed by looks at the log alone."""
        self.feed = feed
        if feed is not None:
            await feed.start(self.deliver, self.followers)
        # a checkpoint is kept well within the time after which a replica that stands by looks for what nobody took
        paces = {self.look: self._pace.look, self._carry_out_due: self._pace.look, self._keep: self._pace.look / 4}
        for work, seconds in paces.items():
            note = partial(self._troubles.note, work.__name__)
            self._tasks.append(asyncio.create_task(repeated(work, seconds, note)))

    async def stop(self) -> None:
        """Take no more events and end; what is left undone is done by the next one."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.feed is not None:
            await self.feed.stop()
        await self.followers.stop(seconds=0)
        with suppress(Unavailable):
            await self._keep()

    async def health(self) -> Mapping[str, Any]:
        """What it follows, what is parked and what holds it up.

        Raises:
            Unavailable: a log does not go on, or its queue delivers nothing.
        """
        if troubles := self.troubles:
            raise Unavailable("a process does not go on", troubles=troubles)
        if stuck := self.stuck():
            raise Unavailable("no messages of a log come", stuck=stuck)
        parked = {"parked_streams": self.parked_streams, "parked_timers": self.parked_timers}
        return {"consumers": self.consumers(), **parked}

    @property
    def logs(self) -> Mapping[str, Collection[str] | None]:
        """The logs that it follows -> the types of events whose batches are to come to it, None for all."""
        return {handled.log: handled.types for handled in self._handled}

    @property
    def troubles(self) -> dict[str, str]:
        """Log -> why it does not go on just now."""
        failures = {log: follower.troubles.any for log, follower in self.followers.by_log.items()}
        return {log: str(failure) or type(failure).__name__ for log, failure in failures.items() if failure}

    async def prepare(self) -> None:
        """Record where a process begins that is new and follows from now on. Raises Unavailable."""
        if self.handling.since == "now":
            heads = await self._source.heads()
            await self._checkpoints.begin(self.name, {log: heads.get(log, 0) for log in self.logs})

    async def positions(self) -> dict[str, int]:
        """How far it has got in each of its logs, whichever replica did it. Raises Unavailable."""
        return dict(await self._checkpoints.positions(self.name, list(self.logs)))

    async def look(self) -> None:
        """Take up what is to be retried, and read from the log what no message told of. Raises Unavailable."""
        await self._aside.look()
        await self.followers.look()

    @property
    def parked_streams(self) -> int:
        """How many streams are parked, as last seen."""
        return self._aside.count

    def consumers(self) -> dict[str, bool]:
        """See EventFeed.consumers."""
        return self.feed.consumers() if self.feed else {}

    def stuck(self) -> Mapping[str, str]:
        """See EventFeed.stuck."""
        return self.feed.stuck() if self.feed else {}

    def remedies(self) -> Mapping[str, int]:
        """See EventFeed.remedies."""
        return self.feed.remedies() if self.feed else {}

    @property
    def unreadable(self) -> int:
        """See EventFeed.unreadable."""
        return self.feed.unreadable if self.feed else 0

    def _follower(self, handled: HandledLog) -> Follower:
        return Follower(handled.log, self._source, handled, self._pace, Troubles(handled.log, OF_PROCESSES))

    async def _keep(self) -> None:
        await keep(self._checkpoints, self.name, self._handled)

    async def _handle_stream(self, events: Sequence[RecordedEvent]) -> None:
        async with self._side_by_side:
            for event in events:
                place = {"stream": event.stream, "position": event.position, "correlation_id": event.correlation_id}
                with bound_contextvars(process=self.name, log=event.log, **place):
                    note = partial(self.followers.by_log[event.log].troubles.note, event.stream)
                    failure = await tried(partial(self.handling.handle, event), self._pace, note)
                    if failure is not None:
                        await self._aside.park(event, events[-1], failure)
                        return

    async def _handle_taken(self, recorded: RecordedEvent) -> None:
        if recorded.type in self.handling.types:
            await self.handling.handle(recorded)

    async def _carry_out_due(self) -> None:
        while await self.handling.carry_out_due():
            pass
        self.parked_timers = await self.handling.parked_timers()
