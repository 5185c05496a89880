"""Spans around what a projection does: the transaction of a batch, and the copy of views that is kept and read."""

from collections.abc import Mapping, Sequence

from opentelemetry import trace
from opentelemetry.trace import SpanKind

from twinpath.domain.views import NOTHING, Cached
from twinpath.observability.recorded_events import RecordedEvents
from twinpath.observability.tracing import Attributes, Tracing
from twinpath.views.around import Committer
from twinpath.views.interface import Batch, BatchWriter, ViewCache

SOURCE = "twinpath.source"
"""Attribute of a query's span: `redis` or `mongodb`, whichever gave the answer, or the last part of it."""


def traced_batches(
    writer: BatchWriter, tracing: Tracing, recorded: RecordedEvents, name: str, kind: SpanKind, attributes: Attributes
) -> BatchWriter:
    """A writer whose every commit is a span, of this name and kind, in the traces of the events it moves past."""

    async def commit(batch: Batch) -> None:
        moves = batch.moves
        reach = {move.log: (min(m.expected for m in moves if m.log == move.log), move.position) for move in moves}
        spans = [span for log, (after, upto) in reach.items() for span in recorded.between(log, after, upto)]
        reached = {
            "twinpath.logs": [f"{log}:{upto}" for log, (_, upto) in reach.items()],
            "twinpath.projections": list(dict.fromkeys(move.projection for move in moves)),
        }
        with tracing.continued(spans, name, kind, {**attributes, **reached}):
            await writer.commit(batch)

    return Committer(writer, commit)


class TracedViewCache:
    """A ViewCache in Redis. A read is a span of its query, a write one in the traces of the events it moves past."""

    def __init__(self, inner: ViewCache, tracing: Tracing, recorded: RecordedEvents | None = None) -> None:
        self._inner = inner
        self._tracing = tracing
        self._recorded = recorded or RecordedEvents()

    async def write(
        self, view: str, log: str, expected: int, position: int, documents: Sequence[Cached], removed: Sequence[str]
    ) -> bool:
        """See ViewCache.write."""
        spans = self._recorded.between(log, expected, position)
        attributes = {**_redis("EVALSHA", view), "twinpath.log": log, "twinpath.position": position}
        with self._tracing.continued(spans, f"EVALSHA {view}", SpanKind.CLIENT, attributes):
            return await self._inner.write(view, log, expected, position, documents, removed)

    async def get(self, view: str, document_id: str, at_least: Mapping[str, int] = NOTHING) -> Cached | None:
        """See ViewCache.get."""
        query = trace.get_current_span()
        if not query.is_recording():
            return await self._inner.get(view, document_id, at_least)
        query.set_attribute(SOURCE, "mongodb")
        with self._tracing.step(f"MGET {view}", SpanKind.CLIENT, _redis("MGET", view)):
            cached = await self._inner.get(view, document_id, at_least)
        query.set_attribute(SOURCE, "mongodb" if cached is None else "redis")
        return cached

    async def get_many(
        self, view: str, ids: Sequence[str], at_least: Mapping[str, int] = NOTHING
    ) -> list[Cached | None]:
        """See ViewCache.get_many."""
        query = trace.get_current_span()
        if not query.is_recording():
            return await self._inner.get_many(view, ids, at_least)
        query.set_attribute(SOURCE, "mongodb")
        with self._tracing.step(f"MGET {view}", SpanKind.CLIENT, _redis("MGET", view)):
            cached = await self._inner.get_many(view, ids, at_least)
        query.set_attribute(SOURCE, "mongodb" if None in cached else "redis")
        return cached

    async def positions(self, view: str) -> dict[str, int]:
        """See ViewCache.positions."""
        return await self._inner.positions(view)

    async def adopt(self, view: str, log: str, position: int) -> None:
        """See ViewCache.adopt."""
        await self._inner.adopt(view, log, position)

    async def fill_state(self, view: str) -> str | None:
        """See ViewCache.fill_state."""
        return await self._inner.fill_state(view)

    async def begin_fill(self, view: str, token: str) -> None:
        """See ViewCache.begin_fill."""
        await self._inner.begin_fill(view, token)

    async def fill(self, view: str, token: str, documents: Sequence[Cached], last: bool) -> bool:
        """See ViewCache.fill."""
        return await self._inner.fill(view, token, documents, last)

    async def forget(self, view: str) -> None:
        """See ViewCache.forget."""
        await self._inner.forget(view)


def _redis(operation: str, view: str) -> Attributes:
    return {"db.system.name": "redis", "db.operation.name": operation, "twinpath.view": view}
