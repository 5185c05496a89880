"""What stands around a BatchWriter and passes on all that it does not change itself."""

from collections.abc import Iterable, Mapping, Sequence

from twinpath.domain.views import NOTHING, View, ViewChange
from twinpath.views.interface import BatchWriter, CheckpointMove, Checkpoints
from twinpath.views.naming import Generation
from twinpath.views.parking import Parked, ParkingChange


class AroundBatchWriter:
    """A BatchWriter in front of another, `inner`; subclasses have a `commit` of their own."""

    def __init__(self, inner: BatchWriter) -> None:
        self._inner = inner

    async def prepare(
        self, views: Iterable[View], checkpoints: Iterable[tuple[str, str]], versions: Mapping[str, int] = NOTHING
    ) -> None:
        """See BatchWriter.prepare."""
        await self._inner.prepare(views, checkpoints, versions)

    def generation(self, projection: str) -> Generation:
        """See BatchWriter.generation."""
        return self._inner.generation(projection)

    async def checkpoints(self) -> Checkpoints:
        """See BatchWriter.checkpoints."""
        return await self._inner.checkpoints()

    @property
    def parked(self) -> Parked:
        """See BatchWriter.parked."""
        return self._inner.parked

    async def commit(
        self, changes: Sequence[ViewChange], moves: Sequence[CheckpointMove], parking: Sequence[ParkingChange] = ()
    ) -> None:
        """See BatchWriter.commit."""
        await self._inner.commit(changes, moves, parking)
