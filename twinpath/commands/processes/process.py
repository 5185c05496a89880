"""Runs a process manager beside the commands: its feed from the broker, its looks at the log, its appointments."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import structlog

from twinpath.commands.processes.follower import ProcessCheckpoints, ProcessFollower
from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unavailable
from twinpath.feed.rabbit_feed import RabbitFeed
from twinpath.log.interface import EventLog

_DUE_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class ProcessManager(Protocol):
    """What follows from events and from the passing of time; all of it safe to repeat."""

    def takes(self, recorded: RecordedEvent) -> bool:
        """Whether anything follows from this event."""
        ...

    async def handle(self, recorded: RecordedEvent) -> None:
        """Carry out what follows. Raises Unavailable."""
        ...

    async def carry_out_due(self) -> int:
        """Carry out what is due by now; how much was. Raises Unavailable."""
        ...


class Process:
    """One process manager at work in this replica; of several replicas one has each log, the others stand by."""

    def __init__(
        self,
        name: str,
        logs: Sequence[str],
        source: EventLog,
        checkpoints: ProcessCheckpoints,
        manager: ProcessManager,
        rabbitmq_url: str,
    ) -> None:
        self.name = name
        self._checkpoints = checkpoints
        self._manager = manager
        self._follower = ProcessFollower(logs, source, checkpoints, manager.takes, manager.handle)
        self._logs = list(logs)
        self._feed = RabbitFeed(rabbitmq_url, name, self._logs)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin, without waiting for the broker."""
        await self._feed.start(self._follower.deliver)
        self._tasks = [asyncio.create_task(work()) for work in (self._follower.look, self._keep_appointments)]

    async def stop(self) -> None:
        """Take no more events and end; what is left undone is done by the next one."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._feed.stop()

    async def health(self) -> Mapping[str, Any]:
        """What it follows and what holds it up. Raises Unavailable while a log does not go on."""
        if self.troubles:
            raise Unavailable("a process does not go on", troubles=self.troubles)
        return {"consumers": self.consumers()}

    @property
    def troubles(self) -> Mapping[str, str]:
        """Log -> why it does not go on just now."""
        return self._follower.troubles

    def consumers(self) -> dict[str, bool]:
        """See EventFeed.consumers."""
        return self._feed.consumers()

    @property
    def unreadable(self) -> int:
        """See EventFeed.unreadable."""
        return self._feed.unreadable

    async def positions(self) -> dict[str, int]:
        """How far it has got in each of its logs, whichever replica did it. Raises Unavailable."""
        return dict(zip(self._logs, await asyncio.gather(*map(self._checkpoints.position, self._logs)), strict=True))

    async def _keep_appointments(self) -> None:
        while True:
            try:
                done = await self._manager.carry_out_due()
            except Unavailable:
                done = 0
            except Exception:  # one bad appointment must not end the others
                _log.exception("appointment_fails")
                done = 0
            if not done:
                await asyncio.sleep(_DUE_SECONDS)
