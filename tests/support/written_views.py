"""Events written into views as the projector writes them, one by one, with no log and no broker."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from twinpath.domain.application import Application
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import ViewChange
from twinpath.http.causal_token import format_token
from twinpath.ids import log_of, logs_of
from twinpath.projecting.groups import view_projections
from twinpath.views.interface import Batch, CheckpointMove, ViewCache, ViewWriter

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


class WrittenViews:
    """A writer of views, and a cache that is fed when there is one; `tokens` has the last token of each stream."""

    application: ClassVar[Application]

    def __init__(self, writer: ViewWriter, cache: ViewCache | None = None) -> None:
        self._writer = writer
        self._cache = cache
        self._projections = view_projections(self.application)
        self._positions: defaultdict[str, int] = defaultdict(int)
        self._versions: defaultdict[str, int] = defaultdict(int)
        self.tokens: dict[str, str] = {}

    async def prepare(self) -> None:
        """Views, indexes and checkpoints."""
        logs = logs_of(self.application.events.categories, 4)
        views = [view for projection in self._projections for view in projection.views]
        followed = [(p.name, log) for p in self._projections for log in logs if p.follows(log)]
        await self._writer.prepare(views, followed)

    async def happened(self, stream: str, event: DomainEvent, at: datetime = NOON) -> None:
        """Commit one event to every view, as the projector would."""
        recorded = self.recorded(stream, event, at)
        self.tokens[stream] = format_token(recorded.log, recorded.position)
        changes = await self.commit(self._projections, event, recorded)
        if self._cache is not None:
            await self.copy(self._cache, self._projections, recorded, changes)

    def recorded(self, stream: str, event: DomainEvent, at: datetime) -> RecordedEvent:
        """The event as the next of its log."""
        log = log_of(stream, 4)
        self._positions[log] += 1
        self._versions[stream] += 1
        named = self.application.events.encode(event)
        version, seen_at = self._versions[stream], at + timedelta(seconds=self._versions[stream])
        return RecordedEvent(
            named.type, named.schema, named.data, stream, version, log, self._positions[log], seen_at, "ann", "c-1"
        )

    async def commit(
        self, projections: Sequence[Projection], event: DomainEvent, recorded: RecordedEvent
    ) -> list[ViewChange]:
        """Apply the next event of a log to those of the projections that follow it."""
        followers = [projection for projection in projections if projection.follows(recorded.log)]
        changes = [change for projection in followers for change in projection.changes(event, recorded)]
        log, position = recorded.log, recorded.position
        erased = position if event.erases else 0
        moves = [CheckpointMove(projection.name, log, position - 1, position, erased) for projection in followers]
        await self._writer.commit(Batch(changes, moves))
        return changes

    async def copy(
        self, cache: ViewCache, projections: Sequence[Projection], recorded: RecordedEvent, changes: list[ViewChange]
    ) -> None:
        """Bring the copies of these projections' views along with an event that was committed."""
        for view in (view for projection in projections for view in projection.views if view.copy):
            ids = list({change.id for change in changes if change.view == view.name and hasattr(change, "id")})
            documents = [view.rendered(document) for document in await self._writer.documents(view.name, ids)]
            await cache.write(view.name, {recorded.log: (recorded.position - 1, recorded.position)}, documents, [])
