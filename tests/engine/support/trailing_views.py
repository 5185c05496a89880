"""Repairs whose views are written one by one, each as far behind as a test likes, and their copies behind them."""

from collections import defaultdict
from datetime import datetime

from tests.engine.support.repair_views import RepairViews
from tests.support.written_views import NOON
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import ViewChange
from twinpath.http.causal_token import format_token
from twinpath.views.interface import Checkpoints, ViewCache, ViewWriter

_Place = tuple[str, str]
"""A projection, and a log."""


class TrailingViews(RepairViews):
    """Events happen at once; `project` applies the next to one view, `bring` takes the next of those to its copy."""

    def __init__(self, writer: ViewWriter, cache: ViewCache) -> None:
        super().__init__(writer)
        self._copies = cache
        self.events: dict[str, list[tuple[DomainEvent, RecordedEvent]]] = defaultdict(list)
        """Log -> all that happened."""
        self._applied: dict[_Place, list[list[ViewChange]]] = defaultdict(list)
        self._brought: dict[_Place, int] = defaultdict(int)

    async def happened(self, stream: str, event: DomainEvent, at: datetime = NOON) -> None:
        recorded = self.recorded(stream, event, at)
        self.tokens[stream] = format_token(recorded.log, recorded.position)
        self.events[recorded.log].append((event, recorded))

    async def project(self, name: str) -> bool:
        """Apply the next event of each log to this view; false when there was none."""
        [projection] = self._named(name)
        moved = False
        for log, events in self.events.items():
            applied = self._applied[name, log]
            if projection.follows(log) and len(applied) < len(events):
                applied.append(await self.commit([projection], *events[len(applied)]))
                moved = True
        return moved

    async def bring(self, name: str) -> bool:
        """Bring the copy of a view along by one event of each log; false when there was none."""
        moved = False
        for log, events in self.events.items():
            at = self._brought[name, log]
            if at < len(self._applied[name, log]):
                self._brought[name, log] += 1
                await self.copy(self._copies, self._named(name), events[at][1], self._applied[name, log][at])
                moved = True
        return moved

    async def checkpoints(self) -> Checkpoints:
        """Where every view is."""
        return await self._writer.checkpoints()

    def happened_by(self, stream: str, positions: dict[str, int]) -> int:
        """The version of a stream up to these positions, log -> position."""
        every = (recorded for events in self.events.values() for _, recorded in events if recorded.stream == stream)
        return sum(recorded.position <= positions.get(recorded.log, 0) for recorded in every)

    def _named(self, name: str) -> list[Projection]:
        return [projection for projection in self._projections if projection.name == name]
