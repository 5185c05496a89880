"""Events written into views as the projector writes them, one by one, with no log and no broker."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from twinpath.domain.application import Application
from twinpath.domain.events import DomainEvent, RecordedEvent
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
        log = log_of(stream, 4)
        before = self._positions[log]
        self._positions[log] += 1
        self._versions[stream] += 1
        named = self.application.events.encode(event)
        version, position = self._versions[stream], before + 1
        seen_at = at + timedelta(seconds=version)
        recorded = RecordedEvent(
            named.type, named.schema, named.data, stream, version, log, position, seen_at, "ann", "c-1"
        )
        followers = [projection for projection in self._projections if projection.follows(log)]
        changes = [change for projection in followers for change in projection.changes(event, recorded)]
        erased = position if event.erases else 0
        moves = [CheckpointMove(projection.name, log, before, position, erased) for projection in followers]
        await self._writer.commit(Batch(changes, moves))
        self.tokens[stream] = format_token(log, position)
        if self._cache is not None:
            await self._copy(self._cache, log, before, changes)

    async def _copy(self, cache: ViewCache, log: str, before: int, changes: list[Any]) -> None:
        for view in (view for projection in self._projections for view in projection.views if view.copy):
            ids = list({change.id for change in changes if change.view == view.name and hasattr(change, "id")})
            documents = [view.rendered(document) for document in await self._writer.documents(view.name, ids)]
            await cache.write(view.name, log, before, before + 1, documents, [])
