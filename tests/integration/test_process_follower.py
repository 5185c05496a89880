"""A process's followers share their progress: what one replica has handled, another does not handle again."""

from collections.abc import AsyncIterator

import pytest

from command_service.process_follower import ProcessCheckpoints, ProcessFollower
from shared.event_store.in_memory import InMemoryEventStore
from shared.events.recorded import RecordedEvent
from shared.ids import new_id
from shared.mongo_client import mongo_client
from tests.support.appending import append

LOG = "ticket.0"


class Replica:
    """A follower that notes the positions it handles."""

    def __init__(self, store: InMemoryEventStore, checkpoints: ProcessCheckpoints) -> None:
        self.handled: list[int] = []
        self.follower = ProcessFollower([LOG], store, checkpoints, lambda event: True, self._handle)

    async def _handle(self, event: RecordedEvent) -> None:
        self.handled.append(event.position)


@pytest.fixture
async def store() -> InMemoryEventStore:
    """A log of six events."""
    store = InMemoryEventStore(("ticket",), 1)
    for _ in range(6):
        await append(store, new_id("ticket"))
    return store


@pytest.fixture
async def events(store: InMemoryEventStore) -> list[RecordedEvent]:
    return await store.read_log(LOG, 0, 6)


@pytest.fixture
async def replicas(store: InMemoryEventStore, mongodb_url: str, unique: str) -> AsyncIterator[tuple[Replica, Replica]]:
    """Two, on that log."""
    async with mongo_client(mongodb_url, "test") as client:
        checkpoints = ProcessCheckpoints(client, unique, "fulfilment")
        yield Replica(store, checkpoints), Replica(store, checkpoints)


async def test_who_takes_over_goes_on_where_the_other_one_stopped(
    replicas: tuple[Replica, Replica], events: list[RecordedEvent]
) -> None:
    first, second = replicas
    await second.follower.deliver(LOG, events[:1])
    await first.follower.deliver(LOG, events[:5])

    await second.follower.deliver(LOG, events[5:])

    assert first.handled == [2, 3, 4, 5]
    assert second.handled == [1, 6]


async def test_what_no_message_brought_and_nobody_handled_is_read_from_the_log(
    replicas: tuple[Replica, Replica], events: list[RecordedEvent]
) -> None:
    first, second = replicas
    await first.follower.deliver(LOG, events[:2])

    await second.follower.deliver(LOG, events[4:5])

    assert first.handled == [1, 2]
    assert second.handled == [3, 4, 5]
