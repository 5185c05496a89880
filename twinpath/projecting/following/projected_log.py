"""The projections of one log: those that keep up write together, and the others come after by themselves.

A delivery is done when every projection of this log has it committed. A projection that is far behind the others,
such as a new one, is not waited for: it reads the log by itself until it is near, then joins. Nor is one whose changes
the store refuses: to find out which event is to blame it goes back, and the others go on.
"""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import structlog

from twinpath.domain.events import RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.errors import Unavailable
from twinpath.feed.following import Follower, Sink
from twinpath.log.interface import EventLog
from twinpath.projecting.applying.applier import Applier
from twinpath.running.retrying import Pace, Troubles, until_done
from twinpath.views.parking import ParkedCounts

MOST_EVENTS = 2000
"""In one transaction. A projection that is further behind the others than this catches up by itself."""

_log = structlog.get_logger(__name__)


class ProjectedLog(Sink):
    """A Sink with a follower of its own, which begins once the checkpoints are `prepared`."""

    def __init__(
        self,
        log: str,
        projections: Sequence[Projection],
        source: EventLog,
        applier: Applier,
        pace: Pace,
        prepared: asyncio.Event,
    ) -> None:
        self.most = MOST_EVENTS
        self.troubles = Troubles(log)
        self.follower = Follower(log, source, self, pace, self.troubles, prepared)
        self._log = log
        self._all = list(projections)
        self._live: list[Projection] = []
        self._late: list[Projection] = []
        self._outdated: list[Projection] = []
        self._is_split = False
        self._upto = 0
        """What counts as the position while no projection writes."""
        self._source = source
        self._applier = applier
        self._pace = pace
        self._joining: set[asyncio.Task[None]] = set()

    async def stop(self, seconds: float) -> None:
        """See Follower.stop."""
        await self.follower.stop(seconds)
        for task in self._joining:
            task.cancel()
        await asyncio.gather(*self._joining, return_exceptions=True)

    @property
    def position(self) -> int:
        """What every projection that keeps up has; 0 before anything is known."""
        return min((self._applier.positions.get(projection.name, 0) for projection in self._live), default=self._upto)

    @property
    def followers(self) -> list[str]:
        """The names of all projections of this log."""
        return [projection.name for projection in self._all]

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
        if not self.follower.busy:
            names = {projection.name for projection in self._live} & self._applier.positions.keys()
            self._applier.learn({name: checkpoints[name] for name in names if name in checkpoints}, parked)
        for projection in list(filter(self._applier.writes, self._outdated)):
            self._outdated.remove(projection)
            self._begin_to_join(projection)

    async def load(self, upto: int) -> None:
        """Learn the checkpoints in doubt; first of all, which projections keep up."""
        if not self._is_split:
            await self._split()
        await self._applier.load(self._live)
        self._leave_outdated()
        self._upto = upto

    async def take(self, events: Sequence[RecordedEvent]) -> None:
        """Commit the events to the projections that keep up, as far as they lack them."""
        leave = self._leave_behind if len(self._live) > 1 else None
        await self._applier.apply(list(self._live), events, leave)
        self._leave_outdated()

    async def _split(self) -> None:
        """Tell those that keep up from those that are too far behind to be waited for."""
        await self._applier.load(self._all)
        self._is_split = True
        self._outdated = [projection for projection in self._all if not self._applier.writes(projection)]
        ours = [projection for projection in self._all if projection not in self._outdated]
        front = max((self._applier.positions[projection.name] for projection in ours), default=0)
        for projection in ours:
            if front - self._applier.positions[projection.name] <= self.most:
                self._live.append(projection)
            else:
                self._begin_to_join(projection)

    def _leave_outdated(self) -> None:
        """A generation that other code built may have been put into service: it is not for this code to write."""
        for projection in list(itertools.filterfalse(self._applier.writes, self._live)):
            _log.warning("projection_superseded", projection=projection.name, log=self._log, version=projection.version)
            self._live.remove(projection)
            self._outdated.append(projection)

    def _leave_behind(self, projection: Projection, upto: int) -> None:
        """Have a projection go on by itself, up to this position at least."""
        self._live.remove(projection)
        self._begin_to_join(projection, upto)

    def _begin_to_join(self, projection: Projection, upto: int = 0) -> None:
        self._late.append(projection)
        self._applier.forget([projection])
        task = asyncio.create_task(self._join(projection, upto), name=f"{projection.name} joins {self._log}")
        self._joining.add(task)
        task.add_done_callback(self._joining.discard)

    async def _join(self, projection: Projection, upto: int) -> None:
        work = partial(self._close_up, projection, upto)
        await until_done(work, self._pace, partial(self.troubles.note, projection.name))
        self._late.remove(projection)
        if not self._applier.writes(projection):
            self._outdated.append(projection)
            return
        self._live.append(projection)
        _log.info("projection_caught_up", projection=projection.name, log=self._log)
        with suppress(Unavailable):  # it is being stopped
            await self.follower.reach(self._front())

    async def _close_up(self, projection: Projection, upto: int) -> None:
        """Come near to the others, and to `upto` at least, by transactions of its own."""
        await self._applier.load([projection])
        while self._applier.writes(projection):
            position = self._applier.positions[projection.name]
            if position >= upto and self._front() - position <= self.most // 4:
                break
            events = await self._source.read_log(self._log, position, self.most)
            if not events:
                raise Unavailable(f"{self._log} ends before {self._front()}, where other projections are")
            await self._applier.apply([projection], events)

    def _front(self) -> int:
        return max((self._applier.positions.get(projection.name, 0) for projection in self._live), default=0)
