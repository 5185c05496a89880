"""What the keeper of a copy does when Redis answers and refuses writes, or comes back with other data than it had."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.engine.unit.copying.test_cache_fill import VIEW, Shown
from tests.engine.workshop.application import EVENTS
from tests.support.eventually import eventually
from twinpath.domain.projection import Projection
from twinpath.domain.views import Cached, ChangeWhere, Put, View, ViewChange
from twinpath.errors import Unavailable
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.projecting.applying.applier import Applied
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.projecting.copying.drift import Drift
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch, CheckpointMove, Checkpoints, Moves

LOG = "repair.0"


class RefusesWrites(InMemoryViewCache):
    """Reads are answered, writes refused while it is `full`."""

    full = False

    async def write(self, view: str, moves: Moves, documents: Sequence[Cached], removed: Sequence[str]) -> bool:
        """See ViewCache.write."""
        if self.full:
            raise Unavailable("OOM command not allowed")
        return await super().write(view, moves, documents, removed)

    async def begin_fill(self, view: str, token: str) -> None:
        """See ViewCache.begin_fill."""
        if self.full:
            raise Unavailable("OOM command not allowed")
        await super().begin_fill(view, token)


class Looked(InMemoryViewStore):
    """Counts the keeper's looks."""

    looks = 0

    async def checkpoints(self) -> Checkpoints:
        """See ViewWriter.checkpoints."""
        self.looks += 1
        return await super().checkpoints()


class Kept:
    """A repair in a view and its copy."""

    def __init__(self, look_seconds: float) -> None:
        self.views, self.cache = Looked(), RefusesWrites()
        log = InMemoryEventStore(EVENTS.categories)
        self.keeper = CacheSync([Shown()], log, self.views, self.cache, EVENTS, look_seconds)

    async def commit(self, before: int, after: int, *changes: ViewChange) -> Applied:
        """Commit to the view, and tell nobody."""
        moves = [CheckpointMove(VIEW, LOG, before, after)]
        await self.views.commit(Batch(changes, moves))
        return Applied(LOG, changes, moves)

    async def in_trouble(self) -> bool:
        """Whether the keeper says so."""
        return self.keeper.trouble is not None

    async def well(self) -> bool:
        """Whether the keeper says so."""
        return self.keeper.trouble is None

    async def revision(self) -> int | None:
        """Of the repair, in the copy."""
        copied = await self.cache.get(VIEW, "repair-a")
        return None if copied is None else copied.revision


@asynccontextmanager
async def kept(look_seconds: float = 0.005, full: bool = False) -> AsyncIterator[Kept]:
    made = Kept(look_seconds)
    await made.views.prepare([], [(VIEW, LOG)])
    await made.commit(0, 1, Put(VIEW, "repair-a", {"version": 1, "of": "Ada"}))
    [document] = await made.views.page(VIEW, {}, None, 10)
    await made.cache.write(VIEW, {LOG: (0, 1)}, [Shown.views[0].rendered(document)], [])
    if full:
        await made.cache.begin_fill(VIEW, "token")
        assert await made.cache.fill(VIEW, "token", [], last=True)
    made.cache.full = full
    await made.keeper.start()
    yield made
    await made.keeper.stop()


async def test_a_redis_that_refuses_writes_is_told_of_although_nothing_changes() -> None:
    async with kept(full=True) as made:  # and nothing is to be filled
        await eventually(made.in_trouble, limit=5, pause=0.001)


async def test_trouble_does_not_end_while_only_reads_are_answered() -> None:
    async with kept() as made:
        assert await made.keeper.filled(VIEW, seconds=5)
        made.cache.full = True
        made.keeper.applied(await made.commit(1, 2, Put(VIEW, "repair-a", {"version": 2})))
        await eventually(made.in_trouble, limit=5, pause=0.001)
        told: set[bool] = set()

        async def looked_often() -> bool:
            told.add(made.keeper.trouble is None)
            return made.views.looks >= looks + 20

        looks = made.views.looks
        await eventually(looked_often, limit=5, pause=0)
        assert told == {False}
        made.cache.full = False
        await eventually(made.well, limit=5, pause=0.001)


async def test_a_copy_that_is_kept_before_its_projector_begins_is_filled_once() -> None:
    """Or a service that has just become ready refuses searches again."""
    made = Kept(look_seconds=0.001)
    await made.keeper.start()

    async def looked(times: int) -> None:
        looks = made.views.looks

        async def done() -> bool:
            return made.views.looks >= looks + times

        await eventually(done, limit=5, pause=0)

    await looked(3)
    before = await made.cache.fill_state(VIEW)
    await made.views.prepare([], [(VIEW, LOG)])
    assert await made.keeper.filled(VIEW, seconds=5)
    filled = await made.cache.fill_state(VIEW)
    await looked(3)
    assert (before, filled, await made.cache.fill_state(VIEW)) == (None, "done", "done")
    assert await made.cache.positions(VIEW) == {LOG: 0}
    await made.keeper.stop()


async def test_a_wipe_that_was_refused_is_made_once_that_can_be() -> None:
    """It moves no checkpoint, so no position tells that it is missing."""
    async with kept() as made:
        assert await made.keeper.filled(VIEW, seconds=5)
        made.cache.full = True
        wipe = ChangeWhere(VIEW, {"of": "Ada"}, {"name": "erased"})
        made.keeper.applied(await made.commit(1, 1, wipe))
        await eventually(made.in_trouble, limit=5, pause=0.001)
        assert await made.revision() == 1

        made.cache.full = False

        async def wiped() -> bool:
            return await made.revision() == 2

        await eventually(wiped, limit=5, pause=0.001)


async def test_a_wipe_is_made_wherever_the_copy_is_meanwhile() -> None:
    async with kept(look_seconds=3600) as made:
        wipe = await made.commit(1, 1, ChangeWhere(VIEW, {"of": "Ada"}, {"name": "erased"}))
        await made.cache.write(VIEW, {LOG: (1, 2)}, [], [])  # another replica was faster
        made.keeper.applied(wipe)
        await made.keeper.flushed()

        assert await made.revision() == 2


async def test_a_position_that_was_lost_alone_takes_the_documents_along() -> None:
    """As a Redis does that evicts keys: what was not copied meanwhile must not be taken for current."""
    async with kept() as made:
        assert await made.keeper.filled(VIEW, seconds=5)
        await made.commit(1, 2, Put(VIEW, "repair-a", {"version": 2}))
        made.cache._positions.clear()

        async def adopted() -> bool:
            return await made.cache.positions(VIEW) == {LOG: 2}

        await eventually(adopted, limit=5, pause=0)
        assert await made.revision() in (None, 2)


async def test_a_copy_beyond_its_view_begins_anew() -> None:
    """As after a restore: it shows what never happened."""
    async with kept() as made:
        assert await made.keeper.filled(VIEW, seconds=5)
        await made.cache.write(VIEW, {LOG: (1, 9)}, [Cached("repair-a", 9, '"9"', b"of a lost future")], [])

        async def begun_anew() -> bool:
            return await made.cache.positions(VIEW) == {LOG: 1} and await made.revision() == 1

        await eventually(begun_anew, limit=5, pause=0.001)


@pytest.mark.parametrize(
    ("checkpoints", "positions", "before", "lost", "behind"),
    [
        ({}, {}, None, False, []),
        ({"a": 0}, {}, None, True, []),
        ({"a": 3}, {}, None, True, []),
        ({"a": 3, "b": 2}, {"a": 3}, {"a": 2}, True, ["b"]),
        ({"a": 3, "b": 2}, {"a": 3}, None, False, []),
        ({"a": 3}, {"a": 2}, {"a": 2}, False, ["a"]),
        ({"a": 3}, {"a": 2}, {"a": 1}, False, []),
        ({"a": 3}, {"a": 4}, {"a": 4}, True, []),
        ({"a": 3}, {"a": 4}, {"a": 3}, False, []),
        ({"a": 0, "b": 1}, {"a": 4, "b": 1}, {"a": 4, "b": 1}, True, []),
    ],
)
def test_what_stands_still_is_not_under_way(
    checkpoints: dict[str, int], positions: dict[str, int], before: dict[str, int] | None, lost: bool, behind: list[str]
) -> None:
    drift = Drift(checkpoints, positions, before)

    assert (drift.is_lost, drift.behind) == (lost, behind)


async def test_a_copied_view_has_its_projections_name() -> None:
    """Readers ask for the checkpoints under the view's name."""

    class Odd(Shown):
        name = "odd"
        views = (View(VIEW, copy=True),)

    projections: list[Projection] = [Odd()]
    with pytest.raises(ValueError, match=VIEW):
        CacheSync(projections, InMemoryEventStore(EVENTS.categories), InMemoryViewStore(), InMemoryViewCache(), EVENTS)
