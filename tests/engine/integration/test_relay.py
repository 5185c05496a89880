"""The relay alone, on a real MongoDB and RabbitMQ: order, one leader, fencing, waking up, catching up."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.appending import CATEGORIES, append, whole_log
from tests.support.eventually import eventually
from twinpath.commands.relaying.progress import LeaseLost, RelayProgress
from twinpath.commands.relaying.relay import Relay
from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unavailable, Unroutable
from twinpath.feed.interface import EventPublisher
from twinpath.feed.rabbit_feed import RabbitFeed
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.ids import logs_of
from twinpath.log.mongodb import MongoEventStore
from twinpath.mongo_client import mongo_client

LOGS = logs_of(CATEGORIES, 4)
LEASE = 1.0
LONG_AGO = datetime.fromtimestamp(0, UTC)


class Kept:
    """A publisher that keeps what it was given; while it is `away`, it raises that."""

    def __init__(self) -> None:
        self.published: defaultdict[str, list[RecordedEvent]] = defaultdict(list)
        self.away: Exception | None = None

    async def publish(self, log: str, events: list[RecordedEvent]) -> None:
        if self.away is not None:
            raise self.away
        self.published[log] += events

    @property
    def count(self) -> int:
        return sum(map(len, self.published.values()))


class Replica:
    """One replica of the command service, as far as the relay goes; it asks for the lease every third of LEASE."""

    def __init__(self, url: str, database: str, publisher: EventPublisher, name: str, lease: float) -> None:
        self.client = mongo_client(url, name)
        self.store = MongoEventStore(self.client, database, CATEGORIES, 4)
        self.progress = RelayProgress(self.client, database, name, lease)
        self.leases = self.client[database]["relay_leases"]
        self.relay = Relay(self.store, publisher, self.progress, LOGS, LEASE)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self.relay.run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task


@asynccontextmanager
async def replicas(
    url: str, database: str, publisher: EventPublisher, *names: str, lease: float = LEASE
) -> AsyncIterator[list[Replica]]:
    made = [Replica(url, database, publisher, name, lease) for name in names]
    await made[0].store.prepare()
    try:
        yield made
    finally:
        for replica in made:
            await replica.stop()
            await replica.client.close()


async def leads(replica: Replica) -> bool:
    return replica.relay.leads


async def has_published(publisher: Kept, count: int) -> bool:
    return publisher.count >= count


async def test_every_log_is_published_in_order_and_once(mongodb_url: str, unique: str) -> None:
    kept = Kept()
    async with replicas(mongodb_url, unique, kept, "a") as [a]:
        a.start()
        await asyncio.gather(*(append(a.store) for _ in range(150)))
        await eventually(lambda: has_published(kept, 150))

        assert [e for log in LOGS for e in kept.published[log]] == await whole_log(a.store)


async def test_what_was_appended_while_it_was_down_is_published_when_it_is_back(mongodb_url: str, unique: str) -> None:
    kept = Kept()
    async with replicas(mongodb_url, unique, kept, "a", "b") as [a, b]:
        a.start()
        await append(a.store)
        await eventually(lambda: has_published(kept, 1))
        await a.stop()
        for _ in range(20):
            await append(b.store)
        b.start()
        await eventually(lambda: has_published(kept, 21))

        assert [e for log in LOGS for e in kept.published[log]] == await whole_log(b.store)


@pytest.mark.parametrize("trouble", [Unavailable("away"), Unroutable("nobody follows yet"), ValueError()])
async def test_appends_are_taken_while_nothing_can_be_published_and_all_of_it_arrives_later(
    mongodb_url: str, unique: str, trouble: Exception
) -> None:
    kept = Kept()
    kept.away = trouble
    async with replicas(mongodb_url, unique, kept, "a") as [a]:
        a.start()
        for _ in range(20):
            await append(a.store)
        await eventually(lambda: in_trouble(a))
        kept.away = None
        await eventually(lambda: has_published(kept, 20))

        assert [e for log in LOGS for e in kept.published[log]] == await whole_log(a.store)
        await eventually(lambda: out_of_trouble(a))


async def in_trouble(replica: Replica) -> bool:
    return bool(replica.relay.troubles)


async def out_of_trouble(replica: Replica) -> bool:
    return not replica.relay.troubles


async def test_a_relay_ends_although_its_publisher_swallows_the_cancellation(mongodb_url: str, unique: str) -> None:
    publishing = asyncio.Event()

    class Deaf(Kept):
        async def publish(self, log: str, events: list[RecordedEvent]) -> None:
            publishing.set()
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            raise Unavailable("the connection was closed")

    async with replicas(mongodb_url, unique, Deaf(), "a") as [a]:
        a.start()
        await append(a.store)
        await publishing.wait()

        await asyncio.wait_for(a.stop(), 10)
        assert not a.relay.leads


async def test_of_two_replicas_one_leads_and_the_other_follows_a_clean_stop_at_once(
    mongodb_url: str, unique: str
) -> None:
    kept = Kept()
    async with replicas(mongodb_url, unique, kept, "a", "b", lease=3600) as [a, b]:
        a.start()
        await eventually(lambda: leads(a))
        b.start()
        for _ in range(20):
            await append(b.store)
        await eventually(lambda: has_published(kept, 20))
        assert (a.relay.leads, b.relay.leads) == (True, False)

        await a.stop()
        await eventually(lambda: leads(b))
        await append(b.store)
        await eventually(lambda: has_published(kept, 21))
        assert kept.count == 21


async def test_a_leader_keeps_the_lead_for_longer_than_its_lease(mongodb_url: str, unique: str) -> None:
    async with replicas(mongodb_url, unique, Kept(), "a", "b") as [a, b]:
        a.start()
        await eventually(lambda: leads(a))
        first_end = await ends_at(a)
        b.start()

        async def renewed() -> bool:
            return await ends_at(a) > first_end + timedelta(seconds=LEASE)

        await eventually(renewed)
        assert (a.relay.leads, b.relay.leads) == (True, False)


async def ends_at(replica: Replica) -> datetime:
    """When the lease runs out, whoever has it."""
    lease = await replica.leases.find_one()
    assert lease is not None
    end: datetime = lease["expires_at"]
    return end


async def test_a_leader_that_finds_its_lease_gone_stands_down_and_may_lead_again(mongodb_url: str, unique: str) -> None:
    kept = Kept()
    async with replicas(mongodb_url, unique, kept, "a", "b") as [a, b]:
        a.start()
        await eventually(lambda: leads(a))

        async def taken() -> bool:
            await b.leases.update_one({}, {"$set": {"expires_at": LONG_AGO}})
            return await takes_over(b)

        await eventually(taken)
        await eventually(lambda: stands_by(a))
        await eventually(lambda: leads(a))  # b never renews
        await append(a.store)
        await eventually(lambda: has_published(kept, 1))


async def stands_by(replica: Replica) -> bool:
    return not replica.relay.leads


async def test_the_standby_takes_over_from_a_leader_that_vanished(mongodb_url: str, unique: str) -> None:
    kept = Kept()
    async with replicas(mongodb_url, unique, kept, "gone", "standby") as [gone, standby]:
        assert await gone.progress.acquire() is not None  # and never renewed or released, as after a power cut
        standby.start()
        await append(standby.store)

        await eventually(lambda: leads(standby))
        await eventually(lambda: has_published(kept, 1))


async def test_a_leader_whose_epoch_is_over_moves_nothing(mongodb_url: str, unique: str) -> None:
    async with replicas(mongodb_url, unique, Kept(), "old", "new") as [old, new]:
        epoch = await old.progress.acquire()
        assert epoch is not None
        await old.progress.claim(LOGS, epoch)
        assert await new.progress.acquire() is None
        await eventually(lambda: takes_over(new))

        for late in (
            old.progress.renew(epoch),
            old.progress.advance({LOGS[0]: 99}, epoch),
            old.progress.claim(LOGS, epoch),
        ):
            with pytest.raises(LeaseLost):
                await late
        newest = await new.progress.acquire()
        assert newest is not None
        assert newest > epoch
        assert await new.progress.claim(LOGS, newest) == dict.fromkeys(LOGS, 0)


async def takes_over(replica: Replica) -> bool:
    """The lease of the other has run out; from now on the watermarks carry this one's epoch."""
    epoch = await replica.progress.acquire()
    if epoch is None:
        return False
    await replica.progress.claim(LOGS, epoch)
    return True


async def test_another_replicas_append_wakes_the_leader_before_its_next_look(
    mongodb_url: str, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twinpath.commands.relaying.relay._LOOK_SECONDS", 3600.0)
    kept = Kept()
    async with replicas(mongodb_url, unique, kept, "a", "b") as [a, b]:
        a.start()
        await eventually(lambda: leads(a))

        async def heard() -> bool:
            before = kept.count  # the watch opens at some moment; what came before is not its business
            await append(b.store)
            with suppress(TimeoutError):
                await eventually(lambda: has_published(kept, before + 1), limit=1)
            return kept.count > before

        await eventually(heard)


async def test_through_rabbitmq_what_no_queue_followed_yet_arrives_when_one_does(
    mongodb_url: str, unique: str, rabbitmq_url: str
) -> None:
    publisher, feed, kept = RabbitPublisher(rabbitmq_url), RabbitFeed(rabbitmq_url, "views", LOGS), Kept()
    async with replicas(mongodb_url, unique, publisher, "a") as [a]:
        a.start()
        await asyncio.gather(*(append(a.store) for _ in range(50)))
        await eventually(lambda: in_trouble(a))
        assert set(a.relay.troubles.values()) == {"unroutable"}

        await feed.start(kept.publish)
        try:
            await eventually(lambda: has_published(kept, 50))
            assert [e for log in LOGS for e in kept.published[log]] == await whole_log(a.store)
        finally:
            await feed.stop()
            await publisher.close()
