"""Follows one log: merges what waits into one transaction, fills holes from the log.

A delivery is done when every projection of this log has it committed. A projection that is far behind the others,
such as a new one, is not waited for: it reads the log by itself until it is near, then joins. Nor is one whose changes
the store refuses: to find out which event is to blame it goes back, and the others go on.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import structlog

from twinpath.domain.events import RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.errors import Unavailable
from twinpath.feed.contiguity import next_events
from twinpath.log.interface import EventLog
from twinpath.projecting.applying.applier import Applier
from twinpath.running.retrying import Pace, Troubles, until_done
from twinpath.views.parking import ParkedCounts

MOST_EVENTS = 2000
"""In one transaction. A projection that is further behind the others than this catches up by itself."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Delivery:
    """Events at hand, and the position that is to be reached; what lies between is read from the log."""

    events: Sequence[RecordedEvent]
    upto: int
    done: asyncio.Future[None]


class LogRunner:
    """One log. `start` before the first delivery is waited for; the checkpoints must exist by then."""

    def __init__(self, log: str, projections: Sequence[Projection], source: EventLog, applier: Applier, pace: Pace):
        self.log = log
        self._all = list(projections)
        self._live: list[Projection] = []
        self._late: list[Projection] = []
        self._outdated: list[Projection] = []
        self._source = source
        self._applier = applier
        self._pace = pace
        self._inbox: deque[Delivery] = deque()
        self._batch: list[Delivery] = []
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._idle = 0
        """What counts as the position while no projection writes."""
        self.troubles = Troubles(log)

    def start(self) -> None:
        """Begin to work off deliveries."""
        self._tasks.append(asyncio.create_task(self._work(), name=f"project {self.log}"))

    async def stop(self, seconds: float) -> None:
        """Take no more; finish what is in hand if that is possible within `seconds`; fail the rest with Unavailable."""
        self._stopping = True
        waiting = [delivery.done for delivery in (*self._batch, *self._inbox)]
        if waiting and self._tasks:
            await asyncio.wait(waiting, timeout=seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for done in waiting:
            if not done.done():
                done.set_exception(Unavailable(f"the projector stopped before it was through with {self.log}"))

    async def project(self, events: Sequence[RecordedEvent]) -> None:
        """Return when these events are committed to every projection that keeps up; they may come doubled or mixed.

        Raises:
            Unavailable: the runner is stopping.
        """
        if events:
            await self._deliver(events, max(event.position for event in events))

    async def catch_up(self, head: int) -> None:
        """Return when everything up to `head` is committed, reading it from the log. Raises as `project` does."""
        await self._deliver((), head)

    @property
    def position(self) -> int:
        """What every projection that keeps up has; 0 before anything is known."""
        return min((self._applier.positions.get(projection.name, 0) for projection in self._live), default=self._idle)

    @property
    def followers(self) -> list[str]:
        """The names of all projections of this log."""
        return [projection.name for projection in self._all]

    @property
    def busy(self) -> bool:
        """Whether a delivery waits or is in hand."""
        return bool(self._inbox or self._batch)

    @property
    def late(self) -> dict[str, int]:
        """The projections that catch up by themselves, and where they are."""
        return {projection.name: self._applier.positions.get(projection.name, 0) for projection in self._late}

    @property
    def outdated(self) -> list[str]:
        """The projections whose view in service another version of them wrote: they wait until it is built anew."""
        return [projection.name for projection in self._outdated]

    def others_moved(self, checkpoints: dict[str, int], parked: ParkedCounts) -> None:
        """Learn the checkpoints as stored, and what was parked then, unless work is in hand that may be moving them."""
        if not self.busy:
            names = {projection.name for projection in self._live} & self._applier.positions.keys()
            self._applier.learn({name: checkpoints[name] for name in names if name in checkpoints}, parked)
        for projection in list(filter(self._applier.writes, self._outdated)):
            self._outdated.remove(projection)
            self._begin_to_join(projection)

    async def _deliver(self, events: Sequence[RecordedEvent], upto: int) -> None:
        if self._stopping:
            raise Unavailable(f"the projector is stopping; {self.log} goes on elsewhere")
        delivery = Delivery(events, upto, asyncio.get_running_loop().create_future())
        self._inbox.append(delivery)
        self._wake.set()
        await delivery.done

    async def _work(self) -> None:
        await until_done(self._split, self._pace, partial(self.troubles.note, self.log))
        while True:
            await self._wake.wait()
            self._batch = self._take()
            if self._batch:
                await until_done(self._advance, self._pace, partial(self.troubles.note, self.log))
                self._batch = []
            else:
                self._wake.clear()

    def _take(self) -> list[Delivery]:
        """As much of what waits as fits into one transaction."""
        batch: list[Delivery] = []
        room = MOST_EVENTS
        while self._inbox and (not batch or len(self._inbox[0].events) <= room):
            batch.append(self._inbox.popleft())
            room -= len(batch[-1].events)
        return batch

    async def _advance(self) -> None:
        """Reach what the batch asks for, transaction by transaction."""
        await self._applier.load(self._live)
        self._leave_outdated()
        at_hand = {event.position: event for delivery in self._batch for event in delivery.events}
        upto = max(delivery.upto for delivery in self._batch)
        while self._live and self.position < upto:
            leave = self._leave_behind if len(self._live) > 1 else None
            events = await next_events(self._source, self.log, self.position, upto, at_hand, MOST_EVENTS)
            await self._applier.apply(list(self._live), events, leave)
            self._leave_outdated()
            self._acknowledge()
        self._idle = upto
        self._acknowledge()

    def _acknowledge(self) -> None:
        for delivery in self._batch:
            if delivery.upto <= self.position and not delivery.done.done():
                delivery.done.set_result(None)

    async def _split(self) -> None:
        """Tell those that keep up from those that are too far behind to be waited for."""
        await self._applier.load(self._all)
        self._outdated = [projection for projection in self._all if not self._applier.writes(projection)]
        ours = [projection for projection in self._all if projection not in self._outdated]
        front = max((self._applier.positions[projection.name] for projection in ours), default=0)
        for projection in ours:
            if front - self._applier.positions[projection.name] <= MOST_EVENTS:
                self._live.append(projection)
            else:
                self._begin_to_join(projection)

    def _leave_outdated(self) -> None:
        """A generation that other code built may have been put into service: it is not for this code to write."""
        for projection in list(itertools.filterfalse(self._applier.writes, self._live)):
            _log.warning("projection_superseded", projection=projection.name, log=self.log, version=projection.version)
            self._live.remove(projection)
            self._outdated.append(projection)

    def _leave_behind(self, projection: Projection, upto: int) -> None:
        """Have a projection go on by itself, up to this position at least."""
        self._live.remove(projection)
        self._begin_to_join(projection, upto)

    def _begin_to_join(self, projection: Projection, upto: int = 0) -> None:
        self._late.append(projection)
        self._applier.forget([projection])
        task = asyncio.create_task(self._join(projection, upto), name=f"{projection.name} joins {self.log}")
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

    async def _join(self, projection: Projection, upto: int) -> None:
        work = partial(self._close_up, projection, upto)
        await until_done(work, self._pace, partial(self.troubles.note, projection.name))
        self._late.remove(projection)
        if not self._applier.writes(projection):
            self._outdated.append(projection)
            return
        self._live.append(projection)
        _log.info("projection_caught_up", projection=projection.name, log=self.log)
        with suppress(Unavailable):  # it is being stopped
            await self.catch_up(self._front())

    async def _close_up(self, projection: Projection, upto: int) -> None:
        """Come near to the others, and to `upto` at least, by transactions of its own."""
        await self._applier.load([projection])
        while self._applier.writes(projection):
            position = self._applier.positions[projection.name]
            if position >= upto and self._front() - position <= MOST_EVENTS // 4:
                break
            events = await self._source.read_log(self.log, position, MOST_EVENTS)
            if not events:
                raise Unavailable(f"{self.log} ends before {self._front()}, where other projections are")
            await self._applier.apply([projection], events)

    def _front(self) -> int:
        return max((self._applier.positions.get(projection.name, 0) for projection in self._live), default=0)
