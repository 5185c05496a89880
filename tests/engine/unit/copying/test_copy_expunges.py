"""Before and after a copy takes an erasure it is told to expunge, so that nothing stays of what was there before."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.engine.unit.copying.test_cache_fill import VIEW, Shown
from tests.engine.workshop.application import EVENTS
from twinpath.domain.views import ChangeWhere, Put, ViewChange
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.projecting.applying.applier import Applied
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch, CheckpointMove

LOG = "repair.0"


class Expunged(InMemoryViewCache):
    """Notes at which position it was to expunge."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[int] = []

    async def expunge(self, view: str) -> None:
        """See ViewCopy.expunge."""
        self.at.append((await self.positions(view)).get(LOG, 0))


class Kept:
    """A view and its copy."""

    def __init__(self) -> None:
        self.views, self.copy = InMemoryViewStore(), Expunged()
        self.keeper = CacheSync([Shown()], InMemoryEventStore(EVENTS.categories), self.views, self.copy, EVENTS, 0.005)

    async def apply(self, before: int, after: int, *changes: ViewChange, erased: int = 0) -> None:
        """Commit to the view, and copy it."""
        moves = [CheckpointMove(VIEW, LOG, before, after, erased)]
        await self.views.commit(Batch(changes, moves))
        self.keeper.applied(Applied(LOG, changes, moves))
        await self.keeper.flushed()


@asynccontextmanager
async def kept() -> AsyncIterator[Kept]:
    made = Kept()
    await made.views.prepare([], [(VIEW, LOG)])
    await made.keeper.start()
    assert await made.keeper.filled(VIEW, seconds=5)
    await made.apply(0, 1, Put(VIEW, "repair-a", {"version": 1, "of": "Ada"}))
    yield made
    await made.keeper.stop()


async def test_an_erasure_is_expunged_around_its_write_and_other_changes_are_not() -> None:
    async with kept() as made:
        await made.apply(1, 2, Put(VIEW, "repair-a", {"version": 2, "of": "Ada"}))
        assert made.copy.at == []
        await made.apply(2, 3, Put(VIEW, "repair-a", {"version": 3, "of": None}), erased=3)
        assert made.copy.at == [2, 3]


async def test_a_wipe_after_a_commit_is_expunged() -> None:
    async with kept() as made:
        await made.apply(1, 1, ChangeWhere(VIEW, {"of": "Ada"}, {"name": "erased"}))
        assert made.copy.at == [1, 1]
