"""Commits of several logs that wait for the copy are read from the view at once."""

from collections.abc import Sequence

import pytest

from tests.engine.unit.copying.test_cache_fill import LOG_OF_A, LOG_OF_B, VIEW, Shown, appended, opened
from tests.engine.workshop.application import EVENTS
from tests.support.eventually import eventually
from twinpath.domain.views import Cached, Document, Put, Remove, ViewChange
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.projecting.applying.applier import Applied
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch, CheckpointMove, Moves
from twinpath.views.naming import Generation

LOGS = ("repair.0", "repair.1", "repair.2")


class CountedReads(InMemoryViewStore):
    """Notes which documents are read at once."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[list[str]] = []

    async def documents(self, view: str, ids: Sequence[str]) -> list[Document]:
        """See ViewReader.documents."""
        self.read.append(list(ids))
        return await super().documents(view, ids)


class Switches(InMemoryViewStore):
    """Another generation is put into service while documents of the one before are read."""

    async def documents(self, view: str, ids: Sequence[str]) -> list[Document]:
        """See ViewReader.documents."""
        found = await super().documents(view, ids)
        self._generations[view] = Generation(2, 1)
        return found


@pytest.mark.parametrize("logs", [1, 2])
async def test_no_document_of_a_generation_gets_into_the_copy_of_the_next(logs: int) -> None:
    views, cache = Switches(), InMemoryViewCache()
    await views.prepare([], [(VIEW, log) for log in LOGS])
    sync = CacheSync([Shown()], InMemoryEventStore(EVENTS.categories), views, cache, EVENTS)
    for log in LOGS[:logs]:
        changes, move = [Put(VIEW, log, {"version": 1})], CheckpointMove(VIEW, log, 0, 1)
        await views.commit(Batch(changes, [move]))
        sync.applied(Applied(log, changes, [move]))
    await sync._write(await sync._steps.next())

    assert [one and one.id for one in await cache.get_many(VIEW, LOGS[:logs])] == [*LOGS[:logs]]
    assert await cache.get_many(f"{VIEW}@2", LOGS) == [None, None, None]


class CountedWrites(InMemoryViewCache):
    """Notes which logs' positions are moved at once."""

    def __init__(self) -> None:
        super().__init__()
        self.moved: list[Moves] = []

    async def write(self, view: str, moves: Moves, documents: Sequence[Cached], removed: Sequence[str]) -> bool:
        """See ViewCopy.write."""
        self.moved.append(moves)
        return await super().write(view, moves, documents, removed)


async def test_what_waits_of_several_logs_is_read_and_written_at_once() -> None:
    views, cache = CountedReads(), CountedWrites()
    await views.prepare([], [(VIEW, log) for log in LOGS])
    sync = CacheSync([Shown()], InMemoryEventStore(EVENTS.categories), views, cache, EVENTS)
    removal: list[ViewChange] = [Put(VIEW, LOGS[2], {"version": 1}), Remove(VIEW, LOGS[2])]
    for log, changes in ((LOGS[0], [Put(VIEW, LOGS[0], {"version": 1})]), (LOGS[1], []), (LOGS[2], removal)):
        moves = [CheckpointMove(VIEW, log, 0, 1)]
        await views.commit(Batch(changes, moves))
        sync.applied(Applied(log, changes, moves))
    await sync._write(await sync._steps.next())

    assert cache.moved == [dict.fromkeys(LOGS, (0, 1))]
    assert views.read[0] == [LOGS[0], LOGS[2]]
    assert len(views.read) == 1
    assert await cache.positions(VIEW) == dict.fromkeys(LOGS, 1)
    assert [one and one.id for one in await cache.get_many(VIEW, LOGS)] == [LOGS[0], None, None]


async def test_a_log_that_is_elsewhere_keeps_none_of_the_others_back() -> None:
    views, cache = InMemoryViewStore(), InMemoryViewCache()
    await views.prepare([], [(VIEW, log) for log in LOGS])
    await cache.adopt(VIEW, {LOGS[0]: 0, LOGS[1]: 1, LOGS[2]: 3})
    sync = CacheSync([Shown()], InMemoryEventStore(EVENTS.categories), views, cache, EVENTS)
    for log in LOGS:
        changes, move = [Put(VIEW, log, {"version": 1})], CheckpointMove(VIEW, log, 0, 2)
        await views.commit(Batch(changes, [move]))
        sync.applied(Applied(log, changes, [move]))
    assert [step.log for step in await sync._write(await sync._steps.next())] == [LOGS[2]]

    assert await cache.positions(VIEW) == {LOGS[0]: 2, LOGS[1]: 2, LOGS[2]: 3}
    assert [one and one.id for one in await cache.get_many(VIEW, LOGS)] == [LOGS[0], LOGS[1], None]


async def test_what_is_made_good_of_several_logs_is_written_at_once() -> None:
    views, cache, store = InMemoryViewStore(), CountedWrites(), InMemoryEventStore(EVENTS.categories)
    repairs = {LOG_OF_A: "repair-a", LOG_OF_B: "repair-b"}
    await views.prepare([], [(VIEW, log) for log in repairs])
    await cache.adopt(VIEW, dict.fromkeys(repairs, 0))
    for log, repair in repairs.items():
        await appended(store, repair, 1)
        await views.commit(Batch([opened(repair)], [CheckpointMove(VIEW, log, 0, 1)]))  # of which it hears nothing
    sync = CacheSync([Shown()], store, views, cache, EVENTS, look_seconds=0.005)
    await sync.start()

    async def made_good() -> bool:
        return await cache.positions(VIEW) == dict.fromkeys(repairs, 1)

    await eventually(made_good, limit=5, pause=0.001)
    await sync.stop()

    assert dict.fromkeys(repairs, (0, 1)) in cache.moved
