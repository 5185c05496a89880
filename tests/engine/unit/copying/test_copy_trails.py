"""A copy that merely trails at a log's first event is not taken for one that lost its data, whatever kind it is of."""

import asyncio
from typing import Any

import pytest

from tests.engine.unit.copying.test_cache_fill import LOG_OF_A, LOG_OF_B, VIEW, appended, opened
from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.views import RepairDetailsProjection
from tests.support.eventually import eventually
from twinpath.domain.searchable import Searchable
from twinpath.domain.views import View
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.projecting.applying.applier import Applied
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.projecting.copying.kinds import IN_CACHE, IN_SEARCH, Kind
from twinpath.searching.language import Language
from twinpath.searching.tantivy.memory import InMemorySearch
from twinpath.views.in_memory.cache import InMemoryCopy, InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch, CheckpointMove, Moves


class Repairs(RepairDetailsProjection):
    """Repairs that are in every kind of copy."""

    views = (View(VIEW, copy=True, search=Searchable(text=("subject",))),)


class _Slow(InMemoryCopy[Any]):
    """Writes that move a position wait until they may go on; counts how often it is forgotten and looked at."""

    forgotten = looks = 0

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.go_on = asyncio.Event()

    async def write(self, view: str, moves: Moves, *what: Any) -> bool:
        """See ViewCopy.write."""
        if any(expected != position for expected, position in moves.values()):
            await self.go_on.wait()
        return await super().write(view, moves, *what)

    async def positions(self, view: str) -> dict[str, int]:
        """See ViewCopy.positions."""
        self.looks += 1
        return await super().positions(view)

    async def forget(self, view: str) -> None:
        """See ViewCopy.forget."""
        self.forgotten += 1
        await super().forget(view)


class SlowCache(_Slow, InMemoryViewCache):
    """A cache."""


class SlowSearch(_Slow, InMemorySearch):
    """A search index."""


def slow(kind: Kind) -> SlowCache | SlowSearch:
    return SlowCache() if kind is IN_CACHE else SlowSearch(Repairs.views, Language("english"))


@pytest.mark.parametrize("kind", [IN_CACHE, IN_SEARCH], ids=lambda kind: kind.name)
@pytest.mark.parametrize("before", [[LOG_OF_B], []], ids=["another log has events", "nothing has"])
async def test_a_copy_that_trails_at_a_logs_first_event_is_not_begun_anew(kind: Kind, before: list[str]) -> None:
    views, copy, store = InMemoryViewStore(), slow(kind), InMemoryEventStore(EVENTS.categories)
    await views.prepare([], [(VIEW, LOG_OF_A), (VIEW, LOG_OF_B)])
    for log in before:
        await views.commit(Batch([opened("repair-b")], [CheckpointMove(VIEW, log, 0, 1)]))
    keeper = CacheSync([Repairs()], store, views, copy, EVENTS, look_seconds=0.005, kind=kind)
    await keeper.start()
    assert await keeper.filled(VIEW, seconds=5)
    begun, looks = copy.forgotten, copy.looks

    async def looked_often() -> bool:
        return copy.looks >= looks + 3

    changes, moves = [opened("repair-a")], [CheckpointMove(VIEW, LOG_OF_A, 0, 1)]
    await appended(store, "repair-a", 1)
    await views.commit(Batch(changes, moves))
    await eventually(looked_often, limit=5, pause=0.001)  # a write of it is under way by now
    keeper.applied(Applied(LOG_OF_A, changes, moves))
    copy.go_on.set()
    await keeper.flushed()
    looks = copy.looks
    await eventually(looked_often, limit=5, pause=0.001)
    await keeper.stop()

    assert (await copy.positions(VIEW))[LOG_OF_A] == 1
    assert copy.forgotten == begun


@pytest.mark.parametrize("kind", [IN_CACHE, IN_SEARCH], ids=lambda kind: kind.name)
async def test_a_copy_that_was_emptied_is_begun_anew_though_a_log_began_since(kind: Kind) -> None:
    views, copy, store = InMemoryViewStore(), slow(kind), InMemoryEventStore(EVENTS.categories)
    copy.go_on.set()
    await views.prepare([], [(VIEW, LOG_OF_A), (VIEW, LOG_OF_B)])
    await views.commit(Batch([opened("repair-b")], [CheckpointMove(VIEW, LOG_OF_B, 0, 1)]))
    keeper = CacheSync([Repairs()], store, views, copy, EVENTS, look_seconds=0.005, kind=kind)
    await keeper.start()
    assert await keeper.filled(VIEW, seconds=5)
    begun = copy.forgotten

    changes, moves = [opened("repair-a")], [CheckpointMove(VIEW, LOG_OF_A, 0, 1)]
    await views.commit(Batch(changes, moves))
    copy.flush()
    assert await copy.write(
        VIEW, {LOG_OF_A: (0, 1)}, kind.ready(Repairs.views[0], await views.documents(VIEW, ["repair-a"])), []
    )

    async def begun_anew() -> bool:
        return copy.forgotten > begun and await copy.positions(VIEW) == {LOG_OF_A: 1, LOG_OF_B: 1}

    await eventually(begun_anew, limit=5, pause=0.001)
    assert await keeper.filled(VIEW, seconds=5)
    await keeper.stop()


async def test_a_search_index_that_is_slow_keeps_no_other_copy_waiting() -> None:
    views, store = InMemoryViewStore(), InMemoryEventStore(EVENTS.categories)
    cache, search = InMemoryViewCache(), SlowSearch(Repairs.views, Language("english"))
    await views.prepare([], [(VIEW, LOG_OF_A)])
    followed = [Repairs()], store, views
    beside = CacheSync(*followed, search, EVENTS, look_seconds=0.005, kind=IN_SEARCH)
    keeper = CacheSync(*followed, cache, EVENTS, look_seconds=0.005, beside=[beside])
    await keeper.start()
    assert await keeper.filled(VIEW, seconds=5)
    assert await beside.filled(VIEW, seconds=5)

    async def are_at(copy: InMemoryCopy[Any], position: int) -> bool:
        return await copy.positions(VIEW) == {LOG_OF_A: position}

    for at in range(3):
        changes, moves = [opened("repair-a")], [CheckpointMove(VIEW, LOG_OF_A, at, at + 1)]
        await views.commit(Batch(changes, moves))
        keeper.applied(Applied(LOG_OF_A, changes, moves))
        await eventually(lambda at=at: are_at(cache, at + 1), limit=5, pause=0.001)  # type: ignore[misc]
    assert await are_at(search, 0)
    search.go_on.set()
    await eventually(lambda: are_at(search, 3), limit=5, pause=0.001)
    await keeper.stop()


class TimedSearch(InMemorySearch):
    """Notes when each write that moves a position began and ended; it takes a moment."""

    def __init__(self) -> None:
        super().__init__(Repairs.views, Language("english"))
        self.writes: list[tuple[float, float]] = []

    async def write(self, view: str, moves: Moves, *what: Any) -> bool:
        """See ViewCopy.write."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        began = loop.time()
        loop.call_later(0.05, over.set)
        await over.wait()
        taken = await super().write(view, moves, *what)
        if any(expected != position for expected, position in moves.values()):
            self.writes.append((began, loop.time()))
        return taken


async def test_a_search_index_is_written_half_of_the_time_at_most() -> None:
    views, search, store = InMemoryViewStore(), TimedSearch(), InMemoryEventStore(EVENTS.categories)
    await views.prepare([], [(VIEW, LOG_OF_A)])
    await search.adopt(VIEW, {LOG_OF_A: 0})
    keeper = CacheSync([Repairs()], store, views, search, EVENTS, look_seconds=3600, kind=IN_SEARCH)
    await keeper.start()
    for at in range(3):
        changes, moves = [opened("repair-a")], [CheckpointMove(VIEW, LOG_OF_A, at, at + 1)]
        await views.commit(Batch(changes, moves))
        keeper.applied(Applied(LOG_OF_A, changes, moves))
        await keeper.flushed()
    await keeper.stop()

    spans = zip(search.writes, search.writes[1:], strict=False)
    assert [following[0] - ended >= 0.9 * (ended - began) for (began, ended), following in spans] == [True, True]
