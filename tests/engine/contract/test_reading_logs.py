"""How logs are read with each store of events: all as one sequence from any positions, one by types of events."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.appending import CATEGORIES, metadata, note
from twinpath.clock import utc_now
from twinpath.domain.events import Metadata, NewEvent
from twinpath.ids import log_of, new_id, uuid7
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.interface import EventStore, NewCommit
from twinpath.log.reading import read_all

NOON = utc_now().replace(hour=12)


@pytest.fixture
def store(event_store: EventStore) -> EventStore:
    return event_store


async def written(store: EventStore, events: int) -> None:
    """So many events, a minute apart, each on a stream of its own and so in any log."""
    for number in range(events):
        at = NOON + timedelta(minutes=number)
        await store.append(NewCommit(new_id("repair"), [note(f"{number}")], 0, uuid7(), Metadata(at, "tester", "c-1")))


async def texts(store: EventStore, *arguments: Any, **options: Any) -> list[str]:
    return [event.data["note"] async for event in read_all(store, *arguments, **options)]


async def test_what_was_recorded_earlier_comes_first_whatever_log_it_is_in(store: EventStore) -> None:
    await written(store, 30)

    assert await texts(store, page=3) == [f"{number}" for number in range(30)]


async def test_whoever_keeps_the_positions_goes_on_without_a_gap_or_a_double(store: EventStore) -> None:
    await written(store, 20)
    seen, positions = [], dict[str, int]()
    async for event in read_all(store, page=2):
        seen.append(event.data["note"])
        positions[event.log] = event.position
        if len(seen) == 7:
            break

    assert seen + await texts(store, positions) == [f"{number}" for number in range(20)]
    assert await texts(store, await store.heads()) == []


async def test_one_position_counts_in_each_log_and_so_does_the_last(store: EventStore) -> None:
    await written(store, 30)
    heads = await store.heads()

    assert len(await texts(store, 1)) == sum(max(0, head - 1) for head in heads.values())
    assert len(await texts(store, upto=2)) == sum(min(2, head) for head in heads.values())


async def test_what_is_appended_meanwhile_is_left_for_the_next_time(store: EventStore) -> None:
    await written(store, 5)
    seen = []
    async for event in read_all(store):
        seen.append(event)
        if len(seen) == 1:
            await written(store, 5)

    assert len(seen) == 5


async def test_a_log_in_memory_is_copied_as_it_is(store: EventStore) -> None:
    original = InMemoryEventStore(CATEGORIES)
    await written(original, 10)
    stream = new_id("repair")
    await original.append(
        NewCommit(stream, [note("one"), note("two")], 0, "c-1", Metadata(NOON, "ann", "c"), "f", ["key"])
    )

    assert await original.copy_to(store) == await original.copy_to(store) == 11

    assert await texts(store) == await texts(original)
    kept = await store.commit_of("c-1")
    assert kept is not None
    assert (kept.fingerprint, [event.at for event in kept.events]) == ("f", [NOON, NOON])


@pytest.mark.parametrize("limit", [1, 2, 3, 20])
async def test_of_some_types_a_log_shows_all_and_how_far_it_was_read(store: EventStore, limit: int) -> None:
    stream = new_id("repair")
    other, wanted = NewEvent("repair.opened", 1, {}), NewEvent("repair.closed", 1, {})
    for commit in ([other], [other, wanted, other], [note(), other], [wanted], [other, other, other], [wanted, other]):
        version = len(await store.load(stream))
        await store.append(NewCommit(stream, commit, version, uuid7(), metadata()))
    log = log_of(stream, 4)
    whole = await store.read_log(log, 0, 20)

    for after in range(len(whole) + 1):
        events = await store.read_log(log, after, limit, {"repair.closed", "repair.note_added"})
        looked_at = whole[after : after + limit]
        assert events == [event for event in looked_at if event.type != "repair.opened" or event is looked_at[-1]]
