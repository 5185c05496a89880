"""A process's followers share their progress: what one replica has handled, another does not handle again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from tests.support.appending import append
from tests.support.eventually import eventually
from twinpath.commands.processes.follower import ProcessCheckpoints, ProcessFollower
from twinpath.domain.events import RecordedEvent
from twinpath.ids import new_id
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.mongo_client import mongo_client

LOG = "ticket.0"


class Replica:
    """A follower that notes the positions it handles."""

    def __init__(self, store: InMemoryEventStore, checkpoints: ProcessCheckpoints) -> None:
        self.handled: list[int] = []
        self.follower = ProcessFollower([LOG], store, checkpoints, lambda event: True, self._handle)

    async def _handle(self, event: RecordedEvent) -> None:
        self.handled.append(event.position)


class Log(InMemoryEventStore):
    """Whose heads can't be told while something `fails` that nobody thought of."""

    fails = 0

    async def heads(self) -> dict[str, int]:
        """See EventLog.heads."""
        self.fails -= 1
        if self.fails >= 0:
            raise ValueError("nobody thought of that")
        return await super().heads()


@pytest.fixture
async def store() -> Log:
    """A log of six events."""
    store = Log(("ticket",), 1)
    for _ in range(6):
        await append(store, new_id("ticket"))
    return store


@pytest.fixture
async def events(store: InMemoryEventStore) -> list[RecordedEvent]:
    return await store.read_log(LOG, 0, 6)


@pytest.fixture
async def replicas(store: Log, mongodb_url: str, unique: str) -> AsyncIterator[tuple[Replica, Replica]]:
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


async def test_what_no_message_told_of_is_found_although_a_look_failed(
    store: Log, replicas: tuple[Replica, Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twinpath.commands.processes.follower._LOOK_SECONDS", 0.01)
    store.fails = 1
    looking = asyncio.create_task(replicas[0].follower.look())

    async def has_handled() -> bool:
        return replicas[0].handled == [1, 2, 3, 4, 5, 6]

    await eventually(has_handled, limit=10)
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking
    assert store.fails < 0
