"""What the relay publishes next: handed in by this process's appends where that has no gap, else read."""

from collections.abc import Collection

import pytest

from tests.support.appending import append
from twinpath.commands.relaying.upcoming import MOST_EVENTS, Upcoming
from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unavailable
from twinpath.ids import new_id
from twinpath.log.in_memory import InMemoryEventStore

LOG = "repair.0"


class CountedStore(InMemoryEventStore):
    """Counts how often a log is read; `away` makes it unreachable."""

    def __init__(self) -> None:
        super().__init__(("repair",), 1)
        self.reads = 0
        self.away = False

    async def read_log(
        self, log: str, after_position: int, limit: int, types: Collection[str] | None = None
    ) -> list[RecordedEvent]:
        self.reads += 1
        if self.away:
            raise Unavailable("the event log does not answer")
        return await super().read_log(log, after_position, limit, types)


@pytest.fixture
def store() -> CountedStore:
    return CountedStore()


@pytest.fixture
def upcoming(store: CountedStore) -> Upcoming:
    """It is told of every append of `store`."""
    told = Upcoming(store, LOG)
    store.on_append(lambda log, events: told.appended(events))
    return told


def positions(events: list[RecordedEvent]) -> list[int]:
    return [event.position for event in events]


async def caught_up(upcoming: Upcoming, store: CountedStore) -> None:
    """Past the read that it begins with."""
    assert await upcoming.after(0) == []
    store.reads = 0


async def test_what_was_handed_in_is_not_read(store: CountedStore, upcoming: Upcoming) -> None:
    await caught_up(upcoming, store)
    await append(store, new_id("repair"), 0, "1", "2")
    await append(store, new_id("repair"), 0, "3")

    assert positions(await upcoming.after(0)) == [1, 2, 3]
    assert await upcoming.after(3) == []
    assert store.reads == 0


async def test_what_was_there_before_is_read_and_what_was_read_is_not_told_twice(
    store: CountedStore, upcoming: Upcoming
) -> None:
    behind = Upcoming(store, LOG)
    await append(store, new_id("repair"), 0, "1", "2")
    behind.appended(await store.read_log(LOG, 1, 1))

    assert positions(await behind.after(0)) == [1, 2]
    assert await behind.after(2) == []


async def test_a_gap_that_another_process_filled_is_read(store: CountedStore) -> None:
    upcoming = Upcoming(store, LOG)
    await caught_up(upcoming, store)
    for note in "123":
        await append(store, new_id("repair"), 0, note)
    first, _, third = await store.read_log(LOG, 0, 3)
    upcoming.appended([first])
    upcoming.appended([third])

    assert positions(await upcoming.after(0)) == [1]
    assert positions(await upcoming.after(1)) == [2, 3]
    assert await upcoming.after(3) == []


async def test_more_than_is_kept_is_read_later(store: CountedStore, upcoming: Upcoming) -> None:
    await caught_up(upcoming, store)
    await append(store, new_id("repair"), 0, *["note"] * MOST_EVENTS)
    await append(store, new_id("repair"), 0, "one too many")

    assert positions(await upcoming.after(0)) == list(range(1, MOST_EVENTS + 1))
    assert positions(await upcoming.after(MOST_EVENTS)) == [MOST_EVENTS + 1]
    assert store.reads == 2


async def test_what_could_not_be_published_is_read_again(store: CountedStore, upcoming: Upcoming) -> None:
    await caught_up(upcoming, store)
    await append(store, new_id("repair"), 0, "1")
    assert positions(await upcoming.after(0)) == [1]

    upcoming.look()

    assert positions(await upcoming.after(0)) == [1]


async def test_a_read_that_failed_is_made_again_when_somebody_looks(store: CountedStore, upcoming: Upcoming) -> None:
    await append(store, new_id("repair"), 0, "1")
    behind = Upcoming(store, LOG)
    store.away = True
    with pytest.raises(Unavailable):
        await behind.after(0)
    store.away = False

    behind.look()

    await behind.wait()
    assert positions(await behind.after(0)) == [1]
