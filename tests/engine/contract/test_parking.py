"""What every store of views promises about parked streams, shown with each adapter."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.recording import NOON
from tests.support.things import LOGS, Store, change, ids, move, put
from twinpath.errors import CheckpointMoved, ParkedMoved
from twinpath.views.interface import Batch
from twinpath.views.parking import Extend, LateCopy, Park, ParkedStream, Resume, Skipped

LATER = NOON + timedelta(seconds=1)


def parked(stream: str = "repair-1", projection: str = "p", version: int = 3, last: int = 3) -> ParkedStream:
    return ParkedStream(projection, stream, LOGS[0], version, 40 + version, last, "no", 1, NOON, NOON)


def skipped(of: ParkedStream) -> Skipped:
    given = (of.projection, of.stream, of.log, of.version, of.position, of.reason, of.attempts, of.parked_at)
    return Skipped(*given, LATER, "ann", "an old bug")


async def test_a_stream_parks_with_the_views_and_the_checkpoint(store: Store) -> None:
    await store.commit(Batch([put(n=1)], [move(0, 3)], [Park(parked())]))

    assert await store.parked.get("p", "repair-1") == parked()
    assert await store.parked.get("p", "repair-2") is None
    assert await store.parked.get("q", "repair-1") is None
    assert await store.parked.counts() == {("p", LOGS[0]): 1}
    assert (await store.checkpoints())["p", LOGS[0]] == 3


async def test_a_stale_consumer_parks_nothing(store: Store) -> None:
    await store.commit(Batch(moves=[move(0, 3)]))

    with pytest.raises(CheckpointMoved):
        await store.commit(Batch([], [move(0, 3)], [Park(parked())]))

    assert await store.parked.counts() == {}


async def test_a_commit_that_fails_parks_nothing(store: Store) -> None:
    await store.commit(Batch([put(text="x")]))

    with pytest.raises(KeyError):
        await store.commit(Batch([put("b", n=1), change("missing", set={"n": 1})], [move(0, 3)], [Park(parked())]))

    assert await store.parked.get("p", "repair-1") is None
    assert await store.parked.counts() == {}
    assert await ids(store) == ["a"]


async def test_a_stream_is_parked_once(store: Store) -> None:
    await store.commit(Batch(parking=[Park(parked())]))

    with pytest.raises(ParkedMoved):
        await store.commit(Batch([put(n=1)], [move(0, 5)], [Park(parked(version=5, last=5))]))

    assert await store.parked.get("p", "repair-1") == parked()
    assert await store.parked.counts() == {("p", LOGS[0]): 1}
    assert await ids(store) == []
    assert (await store.checkpoints())["p", LOGS[0]] == 0


async def test_what_comes_after_waits_too(store: Store) -> None:
    await store.commit(Batch(parking=[Park(parked()), Park(parked("repair-2"))]))

    await store.commit(Batch([], [move(0, 3)], [Extend("p", "repair-1", 5)]))
    await store.commit(Batch([], [move(3, 4)], [Extend("p", "repair-1", 4)]))

    assert await store.parked.get("p", "repair-1") == parked(last=5)
    assert await store.parked.get("p", "repair-2") == parked("repair-2")


async def test_a_stream_that_is_free_can_not_be_extended(store: Store) -> None:
    """The consumer thinks it is parked, but a retry has just set it free: it must look again, and apply its event."""
    await store.commit(Batch(parking=[Park(parked())]))
    await store.commit(Batch(parking=[Resume(parked(), None)]))

    with pytest.raises(ParkedMoved):
        await store.commit(Batch([put(n=1)], [move(0, 4)], [Extend("p", "repair-1", 4)]))

    assert await store.parked.get("p", "repair-1") is None
    assert await store.parked.counts() == {}
    assert await ids(store) == []
    assert (await store.checkpoints())["p", LOGS[0]] == 0


async def test_a_stream_to_which_something_was_added_can_not_be_set_free(store: Store) -> None:
    """The retry has applied all it knew of, but the consumer has parked one more: it must not be forgotten."""
    await store.commit(Batch(parking=[Park(parked())]))
    await store.commit(Batch(parking=[Extend("p", "repair-1", 4)]))

    with pytest.raises(ParkedMoved):
        await store.commit(Batch([put(n=1)], [], [Resume(parked(), None)]))

    assert await store.parked.get("p", "repair-1") == parked(last=4)
    assert await store.parked.counts() == {("p", LOGS[0]): 1}
    assert await ids(store) == []


async def test_a_stream_moves_on_and_keeps_what_was_added_meanwhile(store: Store) -> None:
    before = parked(last=5)
    await store.commit(Batch(parking=[Park(before)]))
    await store.commit(Batch(parking=[Extend("p", "repair-1", 9)]))
    after = replace(before, version=5, position=45, reason="other", attempts=2, tried_at=LATER)

    await store.commit(Batch([put(n=1)], [], [Resume(before, after)]))

    assert await store.parked.get("p", "repair-1") == replace(after, last=9)
    assert await ids(store) == ["a"]


@pytest.mark.parametrize("after", [None, replace(parked(), attempts=2, tried_at=LATER)], ids=["free", "again"])
async def test_of_two_retries_at_one_stream_one_counts(store: Store, after: ParkedStream | None) -> None:
    await store.commit(Batch(parking=[Park(parked())]))

    retries = (store.commit(Batch([put(name, n=1)], [], [Resume(parked(), after)])) for name in "abcd")
    outcomes = await asyncio.gather(*retries, return_exceptions=True)

    assert outcomes.count(None) == 1
    assert [type(outcome) for outcome in outcomes if outcome] == [ParkedMoved] * 3
    assert len(await ids(store)) == 1
    assert await store.parked.get("p", "repair-1") == after
    assert await store.parked.counts() == ({} if after is None else {("p", LOGS[0]): 1})


async def test_a_consumer_and_a_retry_at_once_lose_nothing(store: Store) -> None:
    """Whoever comes second is refused: the event is either parked with the others, or left to be applied."""
    for number in range(20):
        stream = parked(f"repair-{number}")
        await store.commit(Batch(parking=[Park(stream)]))

        consumer = store.commit(Batch([], [move(number, number + 1)], [Extend("p", stream.stream, 4)]))
        retry = store.commit(Batch([put(stream.stream, n=1)], [], [Resume(stream, None)]))
        outcomes = await asyncio.gather(consumer, retry, return_exceptions=True)

        assert sorted(map(repr, map(type, outcomes))) == sorted(map(repr, [type(None), ParkedMoved]))
        if outcomes[0] is None:
            assert await store.parked.get("p", stream.stream) == replace(stream, last=4)
        else:
            assert await store.parked.get("p", stream.stream) is None
            await store.commit(Batch(moves=[move(number, number + 1)]))


async def test_streams_are_found_among_many(store: Store) -> None:
    streams = [parked(f"repair-{number}", name) for name in ("p", "p@2") for number in range(3)]
    await store.commit(Batch(parking=[*map(Park, streams), Park(replace(parked("order-1"), log=LOGS[1]))]))

    assert await store.parked.among(["p", "x"], ["repair-1", "repair-2", "repair-9"]) == {
        ("p", "repair-1"),
        ("p", "repair-2"),
    }
    assert await store.parked.among([], ["repair-1"]) == set()
    assert await store.parked.counts() == {("p", LOGS[0]): 3, ("p@2", LOGS[0]): 3, ("p", LOGS[1]): 1}


async def test_parked_streams_come_in_pages_by_id(store: Store) -> None:
    names = ["p", "p@2", "p_2"]
    streams = [parked(f"repair-{number}", name, last=4) for name in names for number in range(3)]
    await store.commit(Batch(parking=list(map(Park, streams))))
    by_id = sorted(streams, key=lambda stream: stream.id)

    assert await store.parked.page(None, None, 100) == by_id
    assert await store.parked.page(None, by_id[3].id, 2) == by_id[4:6]
    assert await store.parked.page("p", None, 100) == streams[:3]
    assert await store.parked.page("p", "p/repair-0", 1) == [streams[1]]
    assert await store.parked.page("p@2", None, 2) == streams[3:5]
    assert await store.parked.totals(None) == (9, 18)
    assert await store.parked.totals("p@2") == (3, 6)
    assert await store.parked.totals("x") == (0, 0)


async def test_what_was_tried_longest_ago_comes_first(store: Store) -> None:
    streams = [
        replace(parked(f"repair-{number}"), tried_at=NOON + timedelta(seconds=second))
        for number, second in enumerate((2, 0, 1, 1, 9))
    ]
    other = parked("repair-7", "q")
    await store.commit(Batch(parking=[*map(Park, streams), Park(other)]))
    before = NOON + timedelta(seconds=9)

    expected = [streams[n] for n in (1, 2, 3, 0)]
    assert await store.parked.longest_untried("p", before, None, 10) == expected
    assert await store.parked.longest_untried(None, before, None, 2) == [streams[1], other]
    second = (expected[1].tried_at, expected[1].id)
    assert await store.parked.longest_untried("p", before, second, 10) == expected[2:]


async def test_what_was_skipped_stays_findable(store: Store) -> None:
    first, second = parked(last=11), replace(parked(last=11), version=4, position=44, reason=None, attempts=0)
    await store.commit(Batch(parking=[Park(first)]))

    await store.commit(Batch(parking=[Resume(first, second), skipped(first)]))
    await store.commit(Batch(parking=[skipped(parked("repair-0", version=11)), skipped(parked("repair-1", "q"))]))

    assert await store.parked.get("p", "repair-1") == second
    of_p = [skipped(parked("repair-0", version=11)), skipped(first)]
    assert await store.parked.skipped("p", None, 10) == of_p
    assert await store.parked.skipped(None, None, 10) == [*of_p, skipped(parked("repair-1", "q"))]
    assert await store.parked.skipped("p", of_p[0].id, 10) == of_p[1:]


async def test_late_copies_are_kept_until_they_are_done(store: Store) -> None:
    late = [LateCopy("p", "repair-1", LOGS[0], first, first + 1) for first in (1, 3)]
    await store.commit(Batch(parking=late))

    assert sorted(await store.parked.late_copies(10), key=lambda one: one.first) == late
    assert len(await store.parked.late_copies(1)) == 1
    await store.parked.copied([late[0].id])
    assert await store.parked.late_copies(10) == late[1:]
    await store.parked.copied([])


async def test_very_many_streams_park_in_one_commit(store: Store) -> None:
    streams = [parked(f"repair-{number:05d}") for number in range(2_000)]

    await store.commit(Batch([], [move(0, 2_000)], list(map(Park, streams))))
    await store.commit(Batch([], [move(2_000, 4_000)], [Extend("p", stream.stream, 4) for stream in streams]))

    assert await store.parked.counts() == {("p", LOGS[0]): 2_000}
    assert await store.parked.totals("p") == (2_000, 4_000)
