"""One process at work in this replica: its feed from the broker, its looks at the log, its timers."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

from twinpath.clock import Clock, utc_now
from twinpath.commands.processes.checkpoints import Checkpoints
from twinpath.commands.processes.following import Handling, ProcessFollower
from twinpath.commands.processes.leaving_aside import LeavingAside
from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unavailable
from twinpath.feed.interface import EventFeed
from twinpath.log.interface import EventLog
from twinpath.running.retrying import OF_PROCESSES, Pace, Troubles, repeated
from twinpath.views.interface import BatchWriter


class RunningProcess:
    """Of several replicas one has each log, the others stand by; due timers any replica may carry out."""

    def __init__(
        self,
        handling: Handling,
        logs: Sequence[str],
        source: EventLog,
        checkpoints: Checkpoints,
        parking: BatchWriter,
        pace: Pace | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self.name = handling.name
        self.handling = handling
        self._pace = pace or Pace()
        self._aside = LeavingAside(handling.name, parking, source, self._handle_taken, clock)
        self.follower = ProcessFollower(handling, logs, source, checkpoints, self._aside, self._pace)
        self.feed: EventFeed | None = None
        self._tasks: list[asyncio.Task[NoReturn]] = []
        self._troubles = Troubles(self.name, OF_PROCESSES)
        self.parked_timers = 0
        """How many timers are parked, as last seen."""

    async def start(self, feed: EventFeed | None = None) -> None:
        """Begin, without waiting for the broker; without a feed by looks at the log alone."""
        self.feed = feed
        if feed is not None:
            await feed.start(self.follower.deliver)
        for look in (self.follower.look, self._carry_out_due):
            note = partial(self._troubles.note, look.__name__)
            self._tasks.append(asyncio.create_task(repeated(look, self._pace.look, note)))

    async def stop(self) -> None:
        """Take no more events and end; what is left undone is done by the next one."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.feed is not None:
            await self.feed.stop()
        await self.follower.stop(seconds=0)

    async def health(self) -> Mapping[str, Any]:
        """What it follows, what is parked and what holds it up. Raises Unavailable while a log does not go on."""
        if troubles := self.follower.troubles:
            raise Unavailable("a process does not go on", troubles=troubles)
        parked = {"parked_streams": self.parked_streams, "parked_timers": self.parked_timers}
        return {"consumers": self.consumers(), **parked}

    @property
    def parked_streams(self) -> int:
        """How many streams are parked, as last seen."""
        return self._aside.count

    def consumers(self) -> dict[str, bool]:
        return self.feed.consumers() if self.feed else {}

    @property
    def unreadable(self) -> int:
        return self.feed.unreadable if self.feed else 0

    async def _handle_taken(self, recorded: RecordedEvent) -> None:
        if self.handling.takes(recorded):
            await self.handling.handle(recorded)

    async def _carry_out_due(self) -> None:
        while await self.handling.carry_out_due():
            pass
        self.parked_timers = await self.handling.parked_timers()
