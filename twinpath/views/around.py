"""A BatchWriter with another way to commit: measured, traced, joined with others, published."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from twinpath.domain.views import NOTHING, View
from twinpath.views.interface import Batch, BatchWriter, Checkpoints
from twinpath.views.naming import Generation
from twinpath.views.parking import Parked

Commit = Callable[[Batch], Awaitable[None]]
"""See BatchWriter.commit."""


class Committer:
    """A BatchWriter that commits by `commit`, which may call the commit of `writer`; all else is the writer's."""

    def __init__(self, writer: BatchWriter, commit: Commit) -> None:
        self._writer = writer
        self._commit = commit

    async def prepare(
        self, views: Iterable[View], checkpoints: Iterable[tuple[str, str]], versions: Mapping[str, int] = NOTHING
    ) -> None:
        """See BatchWriter.prepare."""
        await self._writer.prepare(views, checkpoints, versions)

    def generation(self, projection: str) -> Generation:
        """See BatchWriter.generation."""
        return self._writer.generation(projection)

    async def checkpoints(self) -> Checkpoints:
        """See BatchWriter.checkpoints."""
        return await self._writer.checkpoints()

    @property
    def parked(self) -> Parked:
        """See BatchWriter.parked."""
        return self._writer.parked

    async def commit(self, batch: Batch) -> None:
        """See BatchWriter.commit."""
        await self._commit(batch)
