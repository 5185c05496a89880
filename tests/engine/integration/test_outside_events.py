"""Events for the outside world, on real servers: order, at least once, nothing personal; and the guide's consumer."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import aio_pika
import orjson
import pytest
from aio_pika.abc import AbstractQueue

from deploy.checkout import CHECKOUT
from tests.engine.support.commanding import bus_on, seals_of
from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.owners import RegisterOwner, RenameOwner
from tests.support.appending import append
from tests.support.eventually import eventually
from tests.support.provided.servers import RabbitMQServer
from twinpath.around import around
from twinpath.clock import utc_now
from twinpath.commands.envelope import Envelope
from twinpath.errors import Unavailable
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.ids import logs_of, new_id
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.mongo_client import mongo_client
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.outside_events import CONTENT_TYPE, EXCHANGE, OutsideEventsProjection, publishing
from twinpath.running.retrying import Pace
from twinpath.views.interface import Batch, BatchWriter, CheckpointMove
from twinpath.views.mongodb.stores import MongoViewWriter

LOGS = logs_of(EVENTS.categories, 4)
GUIDE = CHECKOUT / "docs" / "guides" / "consume-events.md"


class Shop:
    """A log with some events, and the keys of the personal data in it."""

    def __init__(self) -> None:
        self.store = InMemoryEventStore(EVENTS.categories)
        self.keys = InMemoryKeyStore()
        self._bus = bus_on(self.store, keys=self.keys)

    async def work(self, owners: int) -> None:
        for number in range(owners):
            of, at = new_id("owner"), utc_now()
            await self._bus.handle(
                Envelope(RegisterOwner(owner_id=of, at=at, name=f"Ada {number}", email=f"{of}@example.org"))
            )
            await self._bus.handle(Envelope(RenameOwner(owner_id=of, at=at, name=f"Bea {number}")))

    async def ids(self) -> list[str]:
        return [event.id for log in LOGS for event in await self.store.read_log(log, 0, 10_000)]


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[AbstractQueue]:
    """A queue that is bound to every event."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange, "#")
        yield queue


@asynccontextmanager
async def telling(shop: Shop, writer: BatchWriter) -> AsyncIterator[Projector]:
    pace = Pace(first=0.01, most=0.1, look=0.05)
    projector = Projector([OutsideEventsProjection()], LOGS, shop.store, writer, seals_of(shop.keys), EVENTS, pace=pace)
    await projector.start()
    try:
        yield projector
    finally:
        await projector.stop()


async def taken(queue: AbstractQueue, count: int) -> list[dict[str, Any]]:
    """The next messages, as CloudEvents."""
    found: list[dict[str, Any]] = []

    async def enough() -> bool:
        while message := await queue.get(fail=False, no_ack=True):
            assert message.content_type == CONTENT_TYPE
            found.append(orjson.loads(message.body))
            assert (message.routing_key, message.message_id) == (found[-1]["type"], found[-1]["id"])
        assert len(found) >= count, f"{len({event['id'] for event in found})} events in {len(found)} of {count}"
        return True

    await eventually(enough)
    return found


async def test_every_event_is_told_once_and_in_order_and_nothing_personal_is(
    mongodb_url: str, rabbitmq_url: str, unique: str
) -> None:
    shop = Shop()
    await shop.work(owners=30)
    publisher = RabbitPublisher(rabbitmq_url, EXCHANGE)
    async with mongo_client(mongodb_url, "test") as client, listening(rabbitmq_url) as queue:
        async with telling(shop, publishing(MongoViewWriter(client, unique), publisher)):
            events = await taken(queue, 60)
        assert sorted(event["id"] for event in events) == sorted(await shop.ids())
        for stream in {event["subject"] for event in events}:
            assert [event["sequence"] for event in events if event["subject"] == stream] == ["1", "2"]
        assert {event["specversion"] for event in events} == {"1.0"}
        text = orjson.dumps(events)
        assert not [word for word in (b"Ada", b"Bea", b"example.org", b"sealed") if word in text]
    await publisher.close()


def fails_after_publishing(writer: BatchWriter) -> BatchWriter:
    """A projector that is killed between publishing and its checkpoint, once."""
    failures = 1

    async def commit(batch: Batch) -> None:
        nonlocal failures
        failures -= 1
        if failures == 0:
            await writer.commit(replace(batch, moves=[CheckpointMove("nobody", "repair.0", 1, 2)]))
        await writer.commit(batch)

    return around(writer, commit=commit)


async def test_a_crash_before_the_checkpoint_tells_again_and_loses_nothing(
    mongodb_url: str, rabbitmq_url: str, unique: str
) -> None:
    shop = Shop()
    await shop.work(owners=1)
    publisher = RabbitPublisher(rabbitmq_url, EXCHANGE)
    async with mongo_client(mongodb_url, "test") as client, listening(rabbitmq_url) as queue:
        async with telling(shop, fails_after_publishing(publishing(MongoViewWriter(client, unique), publisher))):
            events = await taken(queue, 4)
        assert [event["id"] for event in events] == (await shop.ids()) * 2
    await publisher.close()


async def test_a_broker_that_is_away_is_waited_for(mongodb_url: str, unique: str) -> None:
    shop = Shop()
    await shop.work(owners=1)
    publisher = RabbitPublisher("amqp://guest:guest@127.0.0.1:1/", EXCHANGE)
    async with mongo_client(mongodb_url, "test") as client:
        writer = MongoViewWriter(client, unique)
        async with telling(shop, publishing(writer, publisher)) as projector:
            await eventually(lambda: waits(projector))
        assert set((await writer.checkpoints()).values()) == {0}
        with pytest.raises(Unavailable):
            await publisher.ping()


async def test_a_broker_that_is_killed_in_mid_stream_loses_nothing_and_keeps_the_order(
    mongodb_url: str, private_rabbitmq: Callable[[], RabbitMQServer], unique: str
) -> None:
    shop, broker = Shop(), private_rabbitmq()
    for _ in range(2_000):
        await append(shop.store, None, 0, "first", "second")
    async with keeping(broker.url):
        pass
    broker.control("eval", "mnesia:sync_log().")  # else the crash may take the binding with it
    async with mongo_client(mongodb_url, "test") as client:
        publisher, writer = RabbitPublisher(broker.url, EXCHANGE), MongoViewWriter(client, unique)
        async with telling(shop, publishing(writer, publisher)) as projector:
            await eventually(lambda: holds(broker.url, 1), pause=0)
            broker.kill()
            await eventually(lambda: waits(projector))  # so not everything had been told
            broker.start()
            broker.control("await_startup")  # it confirms before, and drops, what no binding is recovered for yet
            await eventually(lambda: everything_told(shop, writer))
        await publisher.close()
    async with keeping(broker.url) as queue:
        ids = [event["id"] for event in await taken(queue, 4_000)]
    first = {event: place for place, event in reversed(list(enumerate(ids)))}
    assert sorted(first) == sorted(await shop.ids())
    assert [event for event in first if event.endswith("@2") and first[event[:-1] + "1"] > first[event]] == []


@asynccontextmanager
async def keeping(url: str) -> AsyncIterator[AbstractQueue]:
    """A consumer's own durable queue, bound to every event."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue("kept", durable=True)
        await queue.bind(exchange, "#")
        yield queue


async def holds(url: str, count: int) -> bool:
    async with keeping(url) as queue:
        return (queue.declaration_result.message_count or 0) >= count


async def everything_told(shop: Shop, writer: MongoViewWriter) -> bool:
    heads = await shop.store.heads()
    return all(heads[log] == position for (_, log), position in (await writer.checkpoints()).items())


async def waits(projector: Projector) -> bool:
    return "waiting" in {status.state for status in projector.status().values()}


async def test_the_guides_consumer_runs(mongodb_url: str, rabbitmq_url: str, unique: str, tmp_path: Path) -> None:
    [source] = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    consumer = tmp_path / "consumer.py"
    consumer.write_text(source.replace("order.*", "owner.*"))
    shop, publisher = Shop(), RabbitPublisher(rabbitmq_url, EXCHANGE)
    await shop.work(owners=1)
    await publisher.ping()
    process = await asyncio.create_subprocess_exec(
        sys.executable, consumer, env={**os.environ, "RABBITMQ": rabbitmq_url}, stdout=asyncio.subprocess.PIPE
    )
    try:
        await eventually(lambda: queue_there(rabbitmq_url))
        async with (
            mongo_client(mongodb_url, "test") as client,
            telling(shop, publishing(MongoViewWriter(client, unique), publisher)),
        ):
            assert process.stdout is not None
            line = await asyncio.wait_for(process.stdout.readline(), 30)
        assert line.startswith(b"owner.registered owner-")
    finally:
        process.kill()
        await process.wait()
        await publisher.close()


async def queue_there(url: str) -> bool:
    """Whether the consumer has bound its queue: what is declared before it is bound tells nothing yet."""
    connection = await aio_pika.connect(url)
    async with connection:
        with suppress(aio_pika.exceptions.ChannelClosed):
            queue = await (await connection.channel()).get_queue("my-shop-events")
            return queue.declaration_result.consumer_count == 1
    return False
