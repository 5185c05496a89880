"""A log as a process takes it: checkpointed, each event handled at least once.

What is handled must be safe to repeat, so a checkpoint is only a mark of progress: it is written behind the handling
and never goes back; past events of which nothing follows it is moved once in a while. Events of one stream are handled
in order, those of different streams side by side. A stream whose event keeps failing is parked before the checkpoint
moves on.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any, Literal, Protocol

from twinpath.commands.processes.checkpoints import Checkpoints
from twinpath.commands.processes.leaving_aside import LeavingAside
from twinpath.domain.events import RecordedEvent
from twinpath.feed.following import Sink


class Handling(Protocol):
    """What a process makes of events; all of it safe to repeat."""

    name: str
    since: Literal["beginning", "now"]
    types: frozenset[str]
    """The stored names of the events from which something follows."""

    async def handle(self, recorded: RecordedEvent) -> None:
        """Carry out what follows. Raises Unavailable, and whatever a handler raises."""

    async def carry_out_due(self) -> int:
        """Carry out what is due by now; how much was. Raises Unavailable."""

    async def parked_timers(self) -> int:
        """How many timers are parked. Raises Unavailable."""
        return 0


class HandledLog(Sink):
    """One log of a process, or of its events those of these `types`; `handle_stream` handles events of one stream, in
    order, or leaves them aside."""

    most = 500

    def __init__(
        self,
        log: str,
        types: Collection[str] | None,
        handling: Handling,
        checkpoints: Checkpoints,
        aside: LeavingAside,
        handle_stream: Callable[[Sequence[RecordedEvent]], Coroutine[Any, Any, None]],
    ) -> None:
        self.log = log
        self.types = types
        self._handling = handling
        self._checkpoints = checkpoints
        self._aside = aside
        self._handle_stream = handle_stream
        self._position: int | None = None
        self.kept = 0
        """Up to where the checkpoint is known to be."""

    @property
    def position(self) -> int:
        return self._position or 0

    async def load(self, upto: int) -> None:
        if self._position is None:
            await self.is_ahead()

    async def is_ahead(self) -> bool:
        """Read the checkpoint, and what is parked after it: a stream is parked before the checkpoint passes it."""
        before = self.position
        stored = await self._checkpoints.positions(self._handling.name, [self.log])
        await self._aside.learn()
        self.kept = stored[self.log]
        self._position = max(self.kept, before)
        return self._position > before

    async def take(self, events: Sequence[RecordedEvent]) -> None:
        streams: defaultdict[str, list[RecordedEvent]] = defaultdict(list)
        for event in events:
            if event.type in self._handling.types:
                streams[event.stream].append(event)
        left_aside = await self._aside.extend(self.log, streams)
        async with asyncio.TaskGroup() as tasks:
            for stream, of_stream in streams.items():
                if stream not in left_aside:
                    tasks.create_task(self._handle_stream(of_stream))
        self._position = events[-1].position
        if streams:
            await keep(self._checkpoints, self._handling.name, [self])


async def keep(checkpoints: Checkpoints, process: str, logs: Sequence[HandledLog]) -> None:
    """Move the checkpoints of those logs that are behind what is taken. Raises Unavailable."""
    taken = {log: log.position for log in logs if log.position > log.kept}
    if taken:
        await checkpoints.move(process, {log.log: position for log, position in taken.items()})
        for log, position in taken.items():
            log.kept = position
