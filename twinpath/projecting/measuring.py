"""Adapters that note in the metrics what passes through them: batches on their way to a store, messages on theirs."""

from time import perf_counter

from twinpath.around import around
from twinpath.clock import Clock, utc_now
from twinpath.domain.events import RecordedEvent
from twinpath.errors import CheckpointMoved, Unavailable
from twinpath.feed.interface import BatchHandler
from twinpath.projecting.metrics import ProjectorMetrics
from twinpath.views.interface import Batch, BatchWriter


def timed(handler: BatchHandler, metrics: ProjectorMetrics, group: str, clock: Clock = utc_now) -> BatchHandler:
    """A handler that notes how old the oldest event of each message is when it is done."""

    async def handle(log: str, events: list[RecordedEvent]) -> None:
        await handler(log, events)
        if events:
            metrics.delays.observe((group,), max(0.0, (clock() - events[0].at).total_seconds()))

    return handle


def measured(writer: BatchWriter, metrics: ProjectorMetrics, group: str) -> BatchWriter:
    """A writer that notes what it commits; `group` says for whom."""

    async def commit(batch: Batch) -> None:
        began = perf_counter()
        outcome = "failed"
        try:
            await writer.commit(batch)
            outcome = "committed"
        except CheckpointMoved:
            outcome = "overtaken"
            raise
        except Unavailable:
            outcome = "unavailable"
            raise
        finally:
            metrics.transactions.observe((group, outcome), perf_counter() - began)
        for move in batch.moves:
            metrics.events.count((move.projection, move.log), move.position - move.expected)
            metrics.applied.count((move.projection, move.log))
        for events in {move.log: move.position - move.expected for move in batch.moves}.values():
            metrics.batches.observe((group,), events)

    return around(writer, commit=commit)
