"""Every process of an application, that of the engine too: what start-up, metrics, health and queues are made from."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from twinpath.commands.processes import erasure
from twinpath.commands.processes.checkpoints import Checkpoints
from twinpath.commands.processes.erasure import Erasure
from twinpath.commands.processes.following import Handling
from twinpath.commands.processes.means import Means
from twinpath.commands.processes.reacting import Reactions
from twinpath.commands.processes.running import RunningProcess
from twinpath.domain.application import Application
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import RecordedEvent, happens_to
from twinpath.feed.interface import EventFeed
from twinpath.http.health import Check
from twinpath.ids import logs_of
from twinpath.personal_data.interface import KeyStore
from twinpath.running.retrying import Pace
from twinpath.views.interface import BatchWriter

MakeFeed = Callable[[RunningProcess, list[str]], EventFeed | None]
"""Takes a process and the logs that it does not follow, gives its feed, if it has one."""

_FEW = 1 / 3
"""Where a process takes so small a part of the types of a category, only batches that hold one come to it. For a larger
part that costs more than it saves: before each batch that comes, the log is asked for what lay between."""


class Processes:
    """The processes of an application at work in this replica. `settings` are those of the command service.

    `around` may wrap each, to trace it. Raises ValueError when two have one name, or an erasure has no command.
    """

    def __init__(
        self,
        application: Application,
        settings: Any,
        means: Means,
        keys: KeyStore,
        partitions: int,
        checkpoints: Checkpoints,
        parking: BatchWriter,
        around: Callable[[Handling], Handling] = lambda handling: handling,
        pace: Pace | None = None,
    ) -> None:
        handlings: list[Handling] = [Reactions(make(settings), means) for make in application.processes]
        if _erases(application):
            handlings.append(Erasure(means, keys))
        self._logs = logs_of(application.events.categories, partitions)
        self.running = [
            RunningProcess(
                around(handling),
                _followed(handling, application.events, partitions),
                means.store,
                checkpoints,
                parking,
                pace,
                means.clock,
            )
            for handling in handlings
        ]
        names = [process.name for process in self.running]
        if len(set(names)) < len(names):
            raise ValueError(f"two processes have one name: {', '.join(sorted(names))}")

    async def prepare(self) -> None:
        """Record where new processes begin; before `start`. Raises Unavailable."""
        for process in self.running:
            await process.prepare()

    async def start(self, make_feed: MakeFeed) -> None:
        """Begin, without waiting for the broker."""
        for process in self.running:
            await process.start(make_feed(process, [log for log in self._logs if log not in process.logs]))

    async def stop(self) -> None:
        """Take no more events and end; what is left undone is done by the next replica."""
        await asyncio.gather(*(process.stop() for process in self.running))

    @property
    def checks(self) -> Mapping[str, Check]:
        """By name what readiness shows of each."""
        return {process.name: process.health for process in self.running}

    async def deliver(self, log: str, events: Sequence[RecordedEvent]) -> None:
        """Hand a batch of a log to every process that follows it."""
        for process in self.running:
            if log in process.logs:
                await process.deliver(log, events)

    async def carry_out_due(self) -> int:
        """Carry out what is due by now, of every process; how much was. Raises Unavailable."""
        return sum([await process.handling.carry_out_due() for process in self.running])


def _followed(handling: Handling, catalogue: Catalogue, partitions: int) -> dict[str, Collection[str] | None]:
    """The logs of a process -> the types of events whose batches come to it, None for all."""
    of_category = Counter(map(happens_to, catalogue.types))
    taken: defaultdict[str, set[str]] = defaultdict(set)
    for event in catalogue.types:
        if event.type in handling.types:
            taken[happens_to(event)].add(event.type)
    return {
        log: types if len(types) < _FEW * of_category[category] else None
        for category, types in sorted(taken.items())
        for log in logs_of((category,), partitions)
    }


def process_names(application: Application) -> list[str]:
    """The name of every process of an application: its queues are called so, and need rights."""
    own = [erasure.NAME] if _erases(application) else []
    return [*(process.name for process in application.processes), *own]


def _erases(application: Application) -> bool:
    return any(event.erases for event in application.events.types)
