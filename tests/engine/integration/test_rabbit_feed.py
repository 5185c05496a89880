"""The feed through a real RabbitMQ: order, redelivery, consumers that are taken away, messages nobody can read."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import aio_pika
import httpx
import orjson
import pytest
from faststream.rabbit import RabbitBroker

from tests.support.eventually import eventually
from tests.support.provided.servers import RabbitMQAddress, RabbitMQServer
from twinpath.clock import utc_now
from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unavailable
from twinpath.feed.dead_letters import DEAD_LETTERS
from twinpath.feed.interface import EXCHANGE, MAX_BATCH_BYTES, MAX_BATCH_EVENTS
from twinpath.feed.rabbit_feed import RabbitFeed
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.feed.rabbit_queue import priority

LOGS = ["repair.0", "repair.1"]
OPENED, CLOSED = "repair.opened", "repair.closed"


def events(first: int, count: int, log: str = LOGS[0], text: str = "n") -> list[RecordedEvent]:
    """Consecutive events of one log."""
    return [
        RecordedEvent("repair.note_added", 1, {"note": text}, "repair-1", n, log, n, utc_now(), "a", "c")
        for n in range(first, first + count)
    ]


class Follower:
    """Remembers each batch; the first `failures` are refused."""

    def __init__(self, failures: int = 0) -> None:
        self.batches: defaultdict[str, list[list[int]]] = defaultdict(list)
        self._failures = failures

    async def take(self, log: str, batch: list[RecordedEvent]) -> None:
        if self._failures:
            self._failures -= 1
            raise Unavailable("not now")
        self.batches[log].append([event.position for event in batch])

    def positions(self, log: str = LOGS[0]) -> list[int]:
        return [position for batch in self.batches[log] for position in batch]

    async def has(self, *positions: int, log: str = LOGS[0]) -> bool:
        return set(positions) <= set(self.positions(log))


@asynccontextmanager
async def following(url: str, follower: Follower, group: str = "views") -> AsyncIterator[RabbitFeed]:
    feed = RabbitFeed(url, group, LOGS)
    await feed.start(follower.take)
    try:
        yield feed
    finally:
        await feed.stop()


@asynccontextmanager
async def publishing(url: str) -> AsyncIterator[RabbitPublisher]:
    publisher = RabbitPublisher(url)
    try:
        yield publisher
    finally:
        await publisher.close()


async def listens(feed: RabbitFeed) -> bool:
    return all(feed.consumers().values())


async def test_batches_of_a_log_arrive_in_order(rabbitmq_url: str) -> None:
    follower = Follower()
    async with following(rabbitmq_url, follower) as feed, publishing(rabbitmq_url) as publisher:
        assert feed.consumers() == dict.fromkeys(LOGS, False)
        await eventually(lambda: listens(feed))
        for n in range(1, 60, 3):
            await publisher.publish(LOGS[0], events(n, 3))
            await publisher.publish(LOGS[1], events(n, 3, LOGS[1]))
        await eventually(lambda: follower.has(60))
        await eventually(lambda: follower.has(60, log=LOGS[1]))

        assert follower.positions() == follower.positions(LOGS[1]) == list(range(1, 61))


async def test_who_wants_some_types_of_events_gets_the_batches_that_hold_one(rabbitmq_url: str) -> None:
    everything, some = Follower(), Follower()
    async with following(rabbitmq_url, some, "some") as before:  # as a version that wanted all
        await eventually(lambda: listens(before))
    only = RabbitFeed(rabbitmq_url, "some", {LOGS[0]: {OPENED, CLOSED}})
    await only.start(some.take)
    async with following(rabbitmq_url, everything) as feed, publishing(rabbitmq_url) as publisher:
        await eventually(lambda: listens(feed))
        await eventually(lambda: listens(only))

        special = {4: CLOSED, 6: OPENED, 7: CLOSED}
        log = [replace(event, type=special.get(event.position, event.type)) for event in events(1, 7)]
        for first, after in ((0, 2), (2, 4), (4, 5), (5, 7)):
            await publisher.publish(LOGS[0], log[first:after])
        await eventually(lambda: everything.has(7))
        await eventually(lambda: some.has(7))
    await only.stop()

    assert everything.positions() == [1, 2, 3, 4, 5, 6, 7]
    assert some.positions() == [3, 4, 6, 7]


async def test_a_batch_that_was_not_handled_comes_again(rabbitmq_url: str) -> None:
    follower = Follower(failures=3)
    async with following(rabbitmq_url, follower) as feed, publishing(rabbitmq_url) as publisher:
        await eventually(lambda: listens(feed))
        await publisher.publish(LOGS[0], events(1, 2))

        await eventually(lambda: follower.has(1, 2))


async def test_a_consumer_whose_queue_was_deleted_is_back_within_seconds(rabbitmq_url: str) -> None:
    follower = Follower()
    async with following(rabbitmq_url, follower) as feed, publishing(rabbitmq_url) as publisher:
        await eventually(lambda: listens(feed))
        connection = await aio_pika.connect(rabbitmq_url)
        async with connection:
            channel = await connection.channel()
            await channel.queue_delete(f"twinpath.views.{LOGS[0]}")
            await eventually(lambda: is_deaf_to_one(feed), limit=5, pause=0.005)

            await eventually(lambda: listens(feed), limit=10)
        await publisher.publish(LOGS[0], events(1, 1))
        await eventually(lambda: follower.has(1))


async def test_the_watch_outlasts_whatever_the_libraries_below_raise(
    rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = RabbitBroker.start
    raised = iter([asyncio.CancelledError(), KeyError("a tag")])

    async def failing(broker: RabbitBroker) -> None:
        if (error := next(raised, None)) is not None:
            raise error
        await start(broker)

    monkeypatch.setattr(RabbitBroker, "start", failing)
    async with following(rabbitmq_url, Follower()) as feed:
        await eventually(lambda: listens(feed))


async def is_deaf_to_one(feed: RabbitFeed) -> bool:
    return feed.consumers() == {LOGS[0]: False, LOGS[1]: True}


async def test_a_closed_connection_comes_back(rabbitmq: RabbitMQAddress, rabbitmq_url: str) -> None:
    follower = Follower()
    vhost = rabbitmq_url.rsplit("/", 1)[-1]
    async with following(rabbitmq_url, follower) as feed, publishing(rabbitmq_url) as publisher:
        await eventually(lambda: listens(feed))

        async def closed() -> bool:
            async with httpx.AsyncClient(base_url=rabbitmq.management_url, timeout=30) as api:
                known = (await api.get(f"/api/vhosts/{vhost}/connections")).raise_for_status().json()
                for connection in known:
                    await api.delete(f"/api/connections/{connection['name']}")
            return bool(known)

        await eventually(closed)

        async def arrives() -> bool:
            with suppress(Unavailable):  # the publisher's connection was closed too
                await publisher.publish(LOGS[0], events(1, 1))
            return await follower.has(1)

        await eventually(arrives)
        await eventually(lambda: listens(feed))


async def test_a_message_that_nobody_can_read_is_kept_aside_and_the_next_ones_arrive(rabbitmq_url: str) -> None:
    follower = Follower()
    async with following(rabbitmq_url, follower) as feed, publishing(rabbitmq_url) as publisher:
        await eventually(lambda: listens(feed))
        connection = await aio_pika.connect(rabbitmq_url)
        async with connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(EXCHANGE)
            unreadable = [b"no JSON at all", orjson.dumps({"not": "a list"}), orjson.dumps([{"type": "x"}])]
            for body in unreadable:
                await exchange.publish(aio_pika.Message(body, content_type="application/json"), LOGS[0])
            await publisher.publish(LOGS[0], events(1, 1))
            await eventually(lambda: follower.has(1))

            queue = await channel.get_queue(DEAD_LETTERS)
            found: list[bytes] = []

            async def aside() -> bool:
                message = await queue.get(fail=False, no_ack=True)
                found.extend([message.body] if message else [])
                return len(found) == len(unreadable)

            await eventually(aside)
            assert sorted(found) == sorted(unreadable)
            assert feed.unreadable == len(unreadable)


async def test_of_two_followers_of_a_group_one_has_a_log_and_the_other_takes_over(rabbitmq_url: str) -> None:
    first, second = Follower(), Follower()
    async with publishing(rabbitmq_url) as publisher, following(rabbitmq_url, second) as standby:
        await eventually(lambda: listens(standby))
        async with following(rabbitmq_url, first) as feed:
            await eventually(lambda: listens(feed))
            for n in range(1, 21):
                await publisher.publish(LOGS[0], events(n, 1))
            await eventually(lambda: second.has(*range(1, 21)))
            assert first.positions() == []
            await standby.stop()
            await publisher.publish(LOGS[0], events(21, 1))
            await eventually(lambda: first.has(21))


async def test_replicas_say_how_much_they_want_each_queue_and_rabbitmq_4_gives_it_to_who_wants_it_most(
    rabbitmq: RabbitMQAddress, rabbitmq_url: str
) -> None:
    follower, vhost = Follower(), rabbitmq_url.rsplit("/", 1)[-1]
    async with (
        following(rabbitmq_url, follower) as one,
        following(rabbitmq_url, follower) as two,
        httpx.AsyncClient(base_url=rabbitmq.management_url, timeout=30) as api,
    ):
        honoured = int((await api.get("/api/overview")).json()["rabbitmq_version"].partition(".")[0]) >= 4
        await eventually(lambda: listens(one))
        await eventually(lambda: listens(two))

        async def shared() -> bool:
            found = defaultdict[str, dict[int, bool]](dict)  # queue -> priority -> whether that consumer is active
            for consumer in (await api.get(f"/api/consumers/{vhost}")).json():
                found[consumer["queue"]["name"]][consumer["arguments"]["x-priority"]] = consumer["active"]
            said = {queue: set(consumers) for queue, consumers in found.items()}
            wanted = {f"twinpath.views.{log}": {priority_of(feed, log) for feed in (one, two)} for log in LOGS}
            return said == wanted and (not honoured or all(of[max(of)] for of in found.values()))

        await eventually(shared, limit=30)


def priority_of(feed: RabbitFeed, log: str) -> int:
    return priority(feed.replica, f"twinpath.views.{log}")


async def test_each_group_gets_everything(rabbitmq_url: str) -> None:
    views, fulfilment = Follower(), Follower()
    async with (
        publishing(rabbitmq_url) as publisher,
        following(rabbitmq_url, views) as one,
        following(rabbitmq_url, fulfilment, "fulfilment") as other,
    ):
        await eventually(lambda: listens(one))
        await eventually(lambda: listens(other))
        await publisher.publish(LOGS[0], events(1, 3))

        await eventually(lambda: views.has(1, 2, 3))
        await eventually(lambda: fulfilment.has(1, 2, 3))


async def test_what_does_not_fit_into_one_message_goes_as_several_in_order(rabbitmq_url: str) -> None:
    follower = Follower()
    async with following(rabbitmq_url, follower) as feed, publishing(rabbitmq_url) as publisher:
        await eventually(lambda: listens(feed))
        many = MAX_BATCH_EVENTS + 1
        await publisher.publish(LOGS[0], events(1, many))
        large = "x" * (MAX_BATCH_BYTES // 2)
        await publisher.publish(LOGS[0], events(many + 1, 3, text=large))
        await publisher.publish(LOGS[0], events(many + 4, 1, text=large * 3))
        await eventually(lambda: follower.has(many + 4))

        assert [len(batch) for batch in follower.batches[LOGS[0]]] == [MAX_BATCH_EVENTS, 1, 1, 1, 1, 1]
        assert follower.positions() == list(range(1, many + 5))


async def test_a_feed_that_starts_before_the_broker_connects_when_it_is_there(
    private_rabbitmq: Callable[[], RabbitMQServer],
) -> None:
    rabbitmq = private_rabbitmq()
    await asyncio.to_thread(rabbitmq.stop)
    follower = Follower()
    async with following(rabbitmq.url, follower) as feed, publishing(rabbitmq.url) as publisher:
        await eventually(lambda: waits(feed))
        await asyncio.to_thread(rabbitmq.start)
        await eventually(lambda: listens(feed))
        await publisher.publish(LOGS[0], events(1, 1))
        await eventually(lambda: follower.has(1))


async def waits(feed: RabbitFeed) -> bool:
    return feed.trouble is not None
