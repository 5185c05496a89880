"""What every store of views promises to a rebuild, shown with each adapter: a view built beside the one in service."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest

from tests.support.things import LOGS, Store
from twinpath.clock import utc_now
from twinpath.domain.views import Document, Put, View, ViewChange
from twinpath.errors import CheckpointMoved, Unavailable
from twinpath.views.generations import CatchUp, Plan
from twinpath.views.interface import Batch, CheckpointMove, DocumentChange
from twinpath.views.naming import Generation
from twinpath.views.parking import Park, ParkedStream, Resume

VIEW = View("counts", indexes=(("n",),))
PLAN = Plan("counts", 1, 2, 1, LOGS)
NOW = utc_now()
MILLISECOND = NOW.replace(microsecond=0)


@pytest.fixture
async def counts(store: Store) -> Store:
    """A store with a view in its first generation, at position 3 of the first log, and a second one begun."""
    await store.prepare([VIEW], [("counts", log) for log in LOGS], {"counts": 1})
    await store.commit(Batch([Put("counts", "a", {"n": 3})], [CheckpointMove("counts", LOGS[0], 0, 3)]))
    await store.begin(View(PLAN.name, indexes=VIEW.indexes), PLAN)
    return store


async def built(store: Store, position: int = 3, **fields: Any) -> dict[str, int]:
    """Bring the second generation to a position of the first log; what it has reached."""
    await store.commit(Batch([Put(PLAN.name, "a", fields)], [CheckpointMove(PLAN.name, LOGS[0], 0, position)]))
    return {LOGS[0]: position, LOGS[1]: 0}


def lacks(*changes: ViewChange) -> CatchUp:
    async def catch_up(positions: Mapping[str, int]) -> Sequence[ViewChange]:
        return changes

    return catch_up


async def drained(watch: AsyncIterator[DocumentChange]) -> None:
    async for _ in watch:
        pass


async def counted(store: Store) -> Document | None:
    document = await store.get("counts", "a")
    return document and {name: value for name, value in document.items() if name not in ("_id", "revision")}


async def test_while_a_generation_is_built_the_one_in_service_is_read_and_written(counts: Store) -> None:
    await built(counts, n=30)
    await counts.commit(Batch([Put("counts", "a", {"n": 4})], [CheckpointMove("counts", LOGS[0], 3, 4)]))

    assert await counted(counts) == {"n": 4}
    assert await counts.documents(PLAN.name, ["a"]) == [{"_id": "a", "revision": 1, "n": 30}]
    assert counts.generation("counts") == Generation(1, 1)


async def test_a_switch_puts_it_into_service_with_its_checkpoints(counts: Store) -> None:
    await counts.switch(PLAN, await built(counts, 5, n=30), lacks(), NOW)

    assert await counted(counts) == {"n": 30}
    assert counts.generation("counts") == Generation(2, 1)
    checkpoints = await counts.checkpoints()
    assert {key: at for key, at in checkpoints.items() if key[0].startswith("counts")} == {
        ("counts", LOGS[0]): 5,
        ("counts", LOGS[1]): 0,
    }
    await counts.commit(Batch([Put("counts", "a", {"n": 31})], [CheckpointMove("counts", LOGS[0], 5, 6)]))
    assert await counted(counts) == {"n": 31}


async def test_a_switch_brings_what_came_last_and_no_checkpoint_goes_back(counts: Store) -> None:
    reached = await built(counts, 2, n=30)
    asked: list[Mapping[str, int]] = []

    async def catch_up(positions: Mapping[str, int]) -> Sequence[ViewChange]:
        asked.append(dict(positions))
        return [Put(PLAN.name, "a", {"n": 33})]

    await counts.switch(PLAN, reached, catch_up, NOW)

    assert asked[-1] == {LOGS[0]: 3, LOGS[1]: 0}
    assert await counted(counts) == {"n": 33}
    assert (await counts.checkpoints())["counts", LOGS[0]] == 3


async def test_a_switch_that_fails_changes_nothing(counts: Store) -> None:
    async def catch_up(positions: Mapping[str, int]) -> Sequence[ViewChange]:
        raise ValueError("planted")

    with pytest.raises(ValueError, match="planted"):
        await counts.switch(PLAN, await built(counts, n=30), catch_up, NOW)

    assert await counted(counts) == {"n": 3}
    assert (await counts.checkpoints())[PLAN.name, LOGS[0]] == 3


async def test_of_two_that_build_the_same_generation_one_switches(counts: Store) -> None:
    reached = await built(counts, n=30)

    with pytest.raises(CheckpointMoved):
        await counts.switch(PLAN, {**reached, LOGS[0]: 2}, lacks(), NOW)
    outcomes = await asyncio.gather(
        *(counts.switch(PLAN, reached, lacks(), NOW) for _ in range(4)), return_exceptions=True
    )

    assert outcomes.count(None) == 1
    assert {type(outcome) for outcome in outcomes if outcome} == {CheckpointMoved}


async def test_once_switched_nobody_begins_or_discards_the_same_generation_again(counts: Store) -> None:
    """Both would write into what is in service."""
    await counts.switch(PLAN, await built(counts, n=30), lacks(), NOW)

    with pytest.raises(CheckpointMoved):
        await counts.begin(View(PLAN.name), PLAN)
    with pytest.raises(CheckpointMoved):
        await counts.discard(PLAN)

    assert await counted(counts) == {"n": 30}
    assert not any(projection == PLAN.name for projection, _ in await counts.checkpoints())


async def test_beginning_again_keeps_what_is_there(counts: Store) -> None:
    await built(counts, n=30)

    await counts.begin(View(PLAN.name, indexes=VIEW.indexes), PLAN)

    assert (await counts.checkpoints())[PLAN.name, LOGS[0]] == 3
    assert [document["n"] for document in await counts.documents(PLAN.name, ["a"])] == [30]


async def test_what_is_discarded_is_gone_and_can_be_begun_anew(counts: Store) -> None:
    await built(counts, n=30)

    await counts.discard(PLAN)

    assert not any(projection == PLAN.name for projection, _ in await counts.checkpoints())
    with pytest.raises(CheckpointMoved):
        await built(counts, n=31)
    await counts.begin(View(PLAN.name), PLAN)
    assert await counts.documents(PLAN.name, ["a"]) == []
    assert (await counts.checkpoints())[PLAN.name, LOGS[0]] == 0
    assert await counted(counts) == {"n": 3}


async def test_the_version_that_built_it_alone_may_write_to_it(counts: Store) -> None:
    await counts.discard(PLAN)
    newer = Plan("counts", 1, 2, 7, LOGS)
    await counts.begin(View(newer.name), newer)
    await counts.switch(newer, dict.fromkeys(LOGS, 0), lacks(), NOW)

    assert counts.generation("counts") == Generation(2, 7)
    with pytest.raises(CheckpointMoved):
        await counts.commit(Batch([Put("counts", "a", {"n": 9})], [CheckpointMove("counts", LOGS[0], 3, 4)]))
    await counts.prepare([VIEW], [("counts", log) for log in LOGS], {"counts": 7})
    await counts.commit(Batch([Put("counts", "a", {"n": 9})], [CheckpointMove("counts", LOGS[0], 3, 4)]))
    assert await counted(counts) == {"n": 9}


async def test_a_moment_stays_as_it_was(counts: Store) -> None:
    await counts.commit(Batch([Put("counts", "b", {"n": 1})]))
    async with counts.frozen() as frozen:
        await counts.commit(Batch([Put("counts", "a", {"n": 9})], [CheckpointMove("counts", LOGS[0], 3, 4)]))

        assert frozen.checkpoints["counts", LOGS[0]] == 3
        assert [document["n"] for document in await frozen.page("counts", None, 10)] == [3, 1]
        assert [document["_id"] for document in await frozen.page("counts", None, 1)] == ["a"]
        assert [document["_id"] for document in await frozen.page("counts", "a", 10)] == ["b"]
        assert await frozen.page(PLAN.name, None, 10) == []


async def test_what_was_replaced_stays_until_it_is_dropped(counts: Store) -> None:
    await counts.switch(PLAN, await built(counts, n=30), lacks(), NOW)

    assert await counts.retired(NOW) == []
    assert await counts.retired(NOW + timedelta(seconds=1)) == ["counts"]
    async with counts.frozen() as frozen:
        assert len(await frozen.page("counts", None, 10)) == 1
    await counts.drop("counts")
    assert await counts.retired(NOW + timedelta(seconds=1)) == []
    async with counts.frozen() as frozen:
        assert await frozen.page("counts", None, 10) == []
    assert await counted(counts) == {"n": 30}


async def test_who_watches_documents_is_told_to_read_anew(counts: Store) -> None:
    async with asyncio.timeout(20), aclosing(counts.watch_documents(["counts"])) as watch:  # type: ignore[type-var]
        first = asyncio.ensure_future(anext(watch))
        reached = await built(counts, n=30)
        while not first.done():  # the watch tells once it is open
            await counts.commit(Batch([Put("counts", "a", {"n": 4})]))
            await asyncio.wait([first], timeout=0.05)
        assert (await first).id == "a"

        await counts.switch(PLAN, reached, lacks(), NOW)

        with pytest.raises(Unavailable):
            await drained(watch)
    assert await counted(counts) == {"n": 30}


async def test_who_watches_checkpoints_reads_the_new_generation_from_then_on(counts: Store) -> None:
    async with asyncio.timeout(20), aclosing(counts.watch_checkpoints()) as watch:  # type: ignore[type-var]
        await anext(watch)
        await counts.switch(PLAN, await built(counts, 5, n=30), lacks(), NOW)
        moved: dict[tuple[str, str], int] = {}
        while moved.get(("counts", LOGS[0])) != 5:
            moved |= await anext(watch)
    assert await counted(counts) == {"n": 30}


async def test_what_is_parked_changes_with_the_generation(counts: Store) -> None:
    before = [parked("counts", "repair-a"), parked("counts", "repair-b")]
    await counts.commit(Batch([], [CheckpointMove("counts", LOGS[0], 3, 4)], [Park(one) for one in before]))
    moves = [CheckpointMove(PLAN.name, LOGS[0], 0, 4)]
    await counts.commit(Batch([], moves, [Park(parked(PLAN.name, "repair-b", version=7))]))

    await counts.switch(PLAN, {LOGS[0]: 4, LOGS[1]: 0}, lacks(), NOW)

    assert await counts.parked.counts() == {("counts", LOGS[0]): 1}
    assert await counts.parked.page(None, None, 10) == [parked("counts", "repair-b", version=7)]
    with pytest.raises(CheckpointMoved):  # a retry that began before
        await counts.commit(Batch(parking=[Resume(before[1], None)]))
    await counts.commit(Batch(parking=[Resume(parked("counts", "repair-b", version=7), None)]))
    assert await counts.parked.counts() == {}


async def test_what_a_discarded_generation_has_parked_goes_with_it(counts: Store) -> None:
    moves = [CheckpointMove(PLAN.name, LOGS[0], 0, 4)]
    await counts.commit(Batch([], moves, [Park(parked(PLAN.name, "repair-b"))]))

    await counts.discard(PLAN)

    assert await counts.parked.counts() == {}
    assert await counts.parked.page(None, None, 10) == []


def parked(projection: str, stream: str, version: int = 1) -> ParkedStream:
    return ParkedStream(projection, stream, LOGS[0], version, 4, version, "planted", 1, MILLISECOND, MILLISECOND)
