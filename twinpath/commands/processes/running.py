"""One process at work in this replica: its feed from the broker, its looks at the log, its timers."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from twinpath.clock import Clock, utc_now
from twinpath.commands.processes.checkpoints import Checkpoints
from twinpath.commands.processes.following import Handling, ProcessFollower
from twinpath.commands.processes.leaving_aside import LeavingAside
from twinpath.commands.processes.parking import ProcessParking
from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unavailable
from twinpath.feed.interface import EventFeed
from twinpath.log.interface import EventLog
from twinpath.running.retrying import Pace

_log = structlog.get_logger(__name__)


class RunningProcess:
    """Of several replicas one has each log, the others stand by; due timers any replica may carry out."""

    def __init__(
        self,
        handling: Handling,
        logs: Sequence[str],
        source: EventLog,
        checkpoints: Checkpoints,
        parking: ProcessParking,
        pace: Pace | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self.name = handling.name
        self.handling = handling
        self._pace = pace or Pace()
        self._aside = LeavingAside(handling.name, parking, source, self._handle_taken, clock)
        self.follower = ProcessFollower(handling, logs, source, checkpoints, self._aside, self._pace)
        self.feed: EventFeed | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.parked_timers = 0
        """How many timers are parked, as last seen."""

    async def start(self, feed: EventFeed | None = None) -> None:
        """Begin, without waiting for the broker; without a feed by looks at the log alone."""
        self.feed = feed
        if feed is not None:
            await feed.start(self.follower.deliver, self.follower)
        self._tasks = [asyncio.create_task(work()) for work in (self.follower.look, self._keep_timers)]

    async def stop(self) -> None:
        """Take no more events and end; what is left undone is done by the next one."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.feed is not None:
            await self.feed.stop()

    async def health(self) -> Mapping[str, Any]:
        """What it follows, what is parked and what holds it up.

        Raises:
            Unavailable: a log does not go on, or its queue delivers nothing.
        """
        if troubles := self.follower.troubles:
            raise Unavailable("a process does not go on", troubles=troubles)
        if stuck := self.stuck():
            raise Unavailable("no messages of a log come", stuck=stuck)
        parked = {"parked_streams": self.parked_streams, "parked_timers": self.parked_timers}
        return {"consumers": self.consumers(), **parked}

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

    async def _handle_taken(self, recorded: RecordedEvent) -> None:
        if self.handling.takes(recorded):
            await self.handling.handle(recorded)

    async def _keep_timers(self) -> None:
        while True:
            done = 0
            try:
                done = await self.handling.carry_out_due()
                self.parked_timers = await self.handling.parked_timers()
            except Unavailable:
                pass
            except Exception:
                _log.exception("timers_fail", process=self.name)
            if not done:
                await asyncio.sleep(self._pace.look)
