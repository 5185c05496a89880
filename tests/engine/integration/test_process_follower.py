"""A process's followers share their progress: what one replica has handled, another does not handle again."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Literal

import pytest

from tests.support.appending import append, metadata
from tests.support.eventually import eventually
from twinpath.commands.processes.checkpoints import Checkpoints, MongoCheckpoints
from twinpath.commands.processes.running import RunningProcess
from twinpath.domain.events import NewEvent, RecordedEvent
from twinpath.ids import new_id, uuid7
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.interface import NewCommit
from twinpath.mongo_client import mongo_client
from twinpath.running.retrying import repeated
from twinpath.views.in_memory.stores import InMemoryViewStore

LOG = "repair.0"


class Replica:
    """A process that notes the positions it handles."""

    name = "p"
    types = frozenset({"repair.note_added"})

    def __init__(
        self,
        store: InMemoryEventStore,
        checkpoints: Checkpoints,
        since: Literal["beginning", "now"] = "beginning",
        followed: Mapping[str, Collection[str] | None] = MappingProxyType({LOG: None}),
    ) -> None:
        self.since = since
        self.handled: list[int] = []
        self.follower = RunningProcess(self, followed, store, checkpoints, InMemoryViewStore())

    async def handle(self, recorded: RecordedEvent) -> None:
        self.handled.append(recorded.position)

    async def carry_out_due(self) -> int:
        return 0

    async def parked_timers(self) -> int:
        return 0


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
    store = Log(("repair",), 1)
    for _ in range(6):
        await append(store, new_id("repair"))
    return store


@pytest.fixture
async def events(store: InMemoryEventStore) -> list[RecordedEvent]:
    return await store.read_log(LOG, 0, 6)


@pytest.fixture
async def checkpoints(mongodb_url: str, unique: str) -> AsyncIterator[Checkpoints]:
    async with mongo_client(mongodb_url, "test") as client:
        yield MongoCheckpoints(client, unique)


@pytest.fixture
def replicas(store: Log, checkpoints: Checkpoints) -> tuple[Replica, Replica]:
    """Two, on that log."""
    return Replica(store, checkpoints), Replica(store, checkpoints)


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
    store: Log, replicas: tuple[Replica, Replica]
) -> None:
    store.fails = 1
    looking = asyncio.create_task(repeated(replicas[0].follower.look, 0.01, lambda failure: None))

    async def has_handled() -> bool:
        return replicas[0].handled == [1, 2, 3, 4, 5, 6]

    await eventually(has_handled, limit=10)
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking
    assert store.fails < 0


async def test_a_log_whose_messages_are_lost_counts_as_passed_by_and_one_that_is_not_published_does_not(
    store: Log, replicas: tuple[Replica, Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    process, published = replicas[0].follower, await store.published()
    following = process.followers
    await process.start()

    async def passed_by() -> bool:
        return following.passed_by(LOG) == 1 and not following.behind(LOG)

    await eventually(passed_by, limit=10)

    async def late() -> dict[str, int]:
        return published

    monkeypatch.setattr(store, "published", late)
    await append(store, new_id("repair"))

    async def handled() -> bool:
        return replicas[0].handled[-1] == 7 and not following.behind(LOG)

    await eventually(handled, limit=10)
    assert following.passed_by(LOG) == 1
    await following.deliver(LOG, await store.read_log(LOG, 6, 1))
    assert following.passed_by(LOG) == 0
    await process.stop()


async def test_a_process_since_now_begins_at_the_end_of_the_log_and_there_again_after_a_restart(
    store: Log, checkpoints: Checkpoints
) -> None:
    await Replica(store, checkpoints, "now").follower.prepare()
    await append(store, new_id("repair"))

    restarted = Replica(store, checkpoints, "now")
    await restarted.follower.prepare()
    await restarted.follower.deliver(LOG, await store.read_log(LOG, 6, 1))

    assert restarted.handled == [7]


async def test_a_process_with_a_checkpoint_goes_on_from_it_when_it_is_declared_since_now(
    store: Log, checkpoints: Checkpoints, events: list[RecordedEvent]
) -> None:
    await Replica(store, checkpoints).follower.deliver(LOG, events[:4])

    changed = Replica(store, checkpoints, "now")
    await changed.follower.prepare()
    await changed.follower.deliver(LOG, events[5:])

    assert changed.handled == [5, 6]


class Closing(Replica):
    """A process to which only batches come in which a repair is closed."""

    types = frozenset({"repair.closed"})


async def test_what_no_batch_had_of_a_process_that_wants_few_types_is_read_from_the_log(
    store: Log, checkpoints: Checkpoints
) -> None:
    closing = Closing(store, checkpoints, followed={LOG: Closing.types})
    follower = closing.follower.followers.by_log[LOG]
    for _ in range(3):
        await close(store)
        await append(store, new_id("repair"))

    await closing.follower.deliver(LOG, await store.read_log(LOG, 6, 1))
    assert (closing.handled, follower.reads) == ([7], 0)  # before it there was nothing to read

    await closing.follower.deliver(LOG, await store.read_log(LOG, 10, 1))
    assert (closing.handled, follower.reads) == ([7, 9, 11], 1)  # a message was lost

    await close(store)
    await append(store, new_id("repair"))
    await follower.reach(14)
    assert (closing.handled, follower.reads, follower.sink.position) == ([7, 9, 11, 13], 2, 14)


async def close(store: Log) -> None:
    """Close a repair."""
    await store.append(NewCommit(new_id("repair"), [NewEvent("repair.closed", 1, {})], 0, uuid7(), metadata()))


class Onlooker(Replica):
    """A process that follows the log and takes none of its events."""

    types = frozenset[str]()


async def test_past_events_of_which_nothing_follows_the_checkpoint_moves_once_in_a_while_and_at_the_end(
    store: Log, checkpoints: Checkpoints, events: list[RecordedEvent]
) -> None:
    onlooker = Onlooker(store, checkpoints).follower
    await onlooker.deliver(LOG, events[:5])
    assert (await onlooker.positions(), onlooker.followers.by_log[LOG].sink.position) == ({LOG: 0}, 5)

    await onlooker.start()

    async def has_moved() -> bool:
        return await onlooker.positions() == {LOG: 6}

    await eventually(has_moved, limit=10)
    await append(store, new_id("repair"))
    await onlooker.deliver(LOG, await store.read_log(LOG, 6, 1))
    await onlooker.stop()
    assert await onlooker.positions() == {LOG: 7}
