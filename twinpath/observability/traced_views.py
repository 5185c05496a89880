"""Spans around what a projection does: the transaction of a batch, and the copy of views that is kept and read."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import SpanKind

from twinpath.around import around
from twinpath.domain.views import NOTHING, Cached
from twinpath.observability.recorded_events import RecordedEvents
from twinpath.observability.tracing import Attributes, Tracing
from twinpath.views.interface import Batch, BatchWriter, Moves, ViewCache

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

    return around(writer, commit=commit)


def traced_cache(cache: ViewCache, tracing: Tracing, recorded: RecordedEvents | None = None) -> ViewCache:
    """A ViewCache in Redis. A read is a span of its query, a write one in the traces of the events it moves past."""
    recorded = recorded or RecordedEvents()

    async def write(view: str, moves: Moves, documents: Sequence[Cached], removed: Sequence[str]) -> bool:
        spans = [span for log, move in moves.items() for span in recorded.between(log, *move)]
        reached = {"twinpath.logs": [f"{log}:{position}" for log, (_, position) in moves.items()]}
        with tracing.continued(spans, f"EVALSHA {view}", SpanKind.CLIENT, {**_redis("EVALSHA", view), **reached}):
            return await cache.write(view, moves, documents, removed)

    async def read(call: Callable[..., Awaitable[Any]], view: str, wanted: Any, at_least: Any = NOTHING) -> Any:
        query = trace.get_current_span()
        if not query.is_recording():
            return await call(view, wanted, at_least)
        query.set_attribute(SOURCE, "mongodb")
        with tracing.step(f"MGET {view}", SpanKind.CLIENT, _redis("MGET", view)):
            answer = await call(view, wanted, at_least)
        complete = None not in answer if isinstance(answer, list) else answer is not None
        query.set_attribute(SOURCE, "redis" if complete else "mongodb")
        return answer

    return around(cache, write=write, get=partial(read, cache.get), get_many=partial(read, cache.get_many))


def _redis(operation: str, view: str) -> Attributes:
    return {"db.system.name": "redis", "db.operation.name": operation, "twinpath.view": view}
