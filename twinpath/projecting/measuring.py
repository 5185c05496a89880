"""Adapters that note in the metrics what passes through them: batches on their way to a store, messages on theirs."""

from collections.abc import Sequence
from time import perf_counter

from twinpath.clock import Clock, utc_now
from twinpath.domain.events import RecordedEvent
from twinpath.domain.views import ViewChange
from twinpath.errors import CheckpointMoved, Unavailable
from twinpath.feed.interface import BatchHandler
from twinpath.projecting.metrics import ProjectorMetrics
from twinpath.views.around import AroundBatchWriter
from twinpath.views.interface import BatchWriter, CheckpointMove
from twinpath.views.parking import ParkingChange


def timed(handler: BatchHandler, metrics: ProjectorMetrics, group: str, clock: Clock = utc_now) -> BatchHandler:
    """A handler that notes how old the oldest event of each message is when it is done."""

    async def handle(log: str, events: list[RecordedEvent]) -> None:
        await handler(log, events)
        if events:
            metrics.delays.observe((group,), max(0.0, (clock() - events[0].at).total_seconds()))

    return handle


class MeasuredBatches(AroundBatchWriter):
    """A BatchWriter that notes what is committed; `group` says for whom."""

    def __init__(self, writer: BatchWriter, metrics: ProjectorMetrics, group: str) -> None:
        super().__init__(writer)
        self._metrics = metrics
        self._group = group

    async def commit(
        self, changes: Sequence[ViewChange], moves: Sequence[CheckpointMove], parking: Sequence[ParkingChange] = ()
    ) -> None:
        """See BatchWriter.commit."""
        began = perf_counter()
        outcome = "failed"
        try:
            await self._inner.commit(changes, moves, parking)
            outcome = "committed"
        except CheckpointMoved:
            outcome = "overtaken"
            raise
        except Unavailable:
            outcome = "unavailable"
            raise
        finally:
            self._metrics.transactions.observe((self._group, outcome), perf_counter() - began)
        self._count(moves)

    def _count(self, moves: Sequence[CheckpointMove]) -> None:
        for move in moves:
            self._metrics.events.count((move.projection, move.log), move.position - move.expected)
            self._metrics.applied.count((move.projection, move.log))
        for of_log in {move.log: move.position - move.expected for move in moves}.values():
            self._metrics.batches.observe((self._group,), of_log)
