"""Queues that look alive and deliver nothing, each made so on a real broker: it is told, treated, and over."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from tests.engine.integration.test_process_follower import LOG, Log, Replica
from tests.support.appending import append
from tests.support.eventually import eventually
from tests.support.provided.servers import RabbitMQServer
from twinpath.commands.processes.checkpoints import InMemoryCheckpoints
from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unavailable, Unroutable
from twinpath.feed.interface import EXCHANGE
from twinpath.feed.queue_watch import Remedy
from twinpath.feed.rabbit_feed import PREFETCH, RabbitFeed
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.ids import new_id

QUEUE = f"twinpath.views.{LOG}"


@dataclass
class Following:
    """A follower with its feed; what is appended is published too."""

    store: Log
    replica: Replica
    feed: RabbitFeed
    publisher: RabbitPublisher
    channel: AbstractChannel
    """Of somebody else on this broker."""
    hangs: int = 0
    """So many deliveries are never done with."""
    delivered: int = 0

    async def take(self, log: str, batch: list[RecordedEvent]) -> None:
        self.delivered += 1
        self.hangs -= 1
        if self.hangs >= 0:
            await asyncio.Event().wait()
        await self.replica.follower.deliver(log, batch)

    async def happens(self) -> None:
        """One event, and the message of it, tried again as the relay does."""
        position = (await self.store.heads()).get(LOG, 0)
        await append(self.store, new_id("repair"))
        events = await self.store.read_log(LOG, position, 10)

        async def published() -> bool:
            try:
                await self.publisher.publish(LOG, events)
            except (Unavailable, Unroutable):
                return False
            return True

        await eventually(published)

    async def listens(self) -> bool:
        return all(self.feed.consumers().values())

    async def is_stuck(self) -> bool:
        return LOG in self.feed.stuck()

    async def delivers_again(self) -> bool:
        """Whether something that happens now comes as a message, and nothing is said to be stuck."""
        before = self.delivered
        await self.happens()
        await asyncio.sleep(0.1)
        return self.delivered > before and not self.feed.stuck()


@asynccontextmanager
async def following(url: str) -> AsyncIterator[Following]:
    store = Log(("repair",), 1)
    replica = Replica(store, InMemoryCheckpoints())
    publisher = RabbitPublisher(url)
    await replica.follower.start()
    async with await aio_pika.connect(url) as connection:
        feed = RabbitFeed(url, "views", [LOG], stuck_seconds=1.5)
        following = Following(store, replica, feed, publisher, await connection.channel())
        try:
            yield following
        finally:
            await replica.follower.stop()
            await feed.stop()
            await publisher.close()


async def keeps(message: AbstractIncomingMessage) -> None:
    """A consumer that never acknowledges."""


async def hogged(following: Following, prefetch: int) -> None:
    """Have somebody else be the queue's active consumer, who keeps what it gets; then follow."""
    await following.feed.start(following.take, following.replica.follower.followers)
    await eventually(following.listens)
    await following.feed.stop()
    if prefetch:
        await following.channel.set_qos(prefetch)
    await (await following.channel.get_queue(QUEUE)).consume(keeps)


async def hogged_by_who_takes_few(following: Following) -> None:
    """The active consumer is somebody who acknowledges nothing and takes one message."""
    await hogged(following, 1)


async def hogged_by_who_takes_all(following: Following) -> None:
    """The active consumer is somebody who acknowledges nothing and takes every message: the queue is always empty."""
    await hogged(following, 0)


async def never_done(following: Following) -> None:
    """As many messages as may be unacknowledged are never done with."""
    following.hangs = PREFETCH


async def well(_: Following) -> None:
    """Nothing beforehand."""


async def unbound(following: Following) -> None:
    """The queue's binding is lost, and other queues are bound, so that the relay is told of nothing."""
    other = await following.channel.declare_queue(exclusive=True)
    await other.bind(EXCHANGE, LOG)
    await (await following.channel.get_queue(QUEUE)).unbind(EXCHANGE, LOG)


Kind = tuple[Callable[[Following], Awaitable[None]], Callable[[Following], Awaitable[None]], Remedy]


@pytest.mark.parametrize(
    "kind",
    [
        (hogged_by_who_takes_few, well, Remedy.QUEUE),
        (hogged_by_who_takes_all, well, Remedy.QUEUE),
        (never_done, well, Remedy.CONSUMER),
        (well, unbound, Remedy.CONSUMER),
    ],
    ids=["takes few", "takes all", "never done", "unbound"],
)
async def test_a_queue_that_delivers_nothing_is_told_and_set_going_again(rabbitmq_url: str, kind: Kind) -> None:
    before, after, remedy = kind
    async with following(rabbitmq_url) as one:
        await before(one)
        await one.feed.start(one.take, one.replica.follower.followers)
        await eventually(one.listens)
        await after(one)

        async def shows() -> bool:
            for _ in range(PREFETCH):
                await one.happens()
            return await one.is_stuck()

        await eventually(shows, pause=0.3)
        await eventually(one.delivers_again, limit=45, pause=0.3)
        assert one.feed.remedies()[remedy.value]
        everything = (await one.store.heads())[LOG]

        async def all_handled() -> bool:
            return sorted(set(one.replica.handled)) == list(range(1, everything + 1))

        await eventually(all_handled)


FORGET = f"""
  {{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"{QUEUE}">>)),
  [{{ok, _, _}} = ra:process_command(
     amqqueue:get_pid(Q), rabbit_fifo:make_checkout({{element(2, C), element(1, C)}}, cancel, #{{}}))
   || C <- rabbit_amqqueue:consumers(Q)],
  ok."""
"""Erlang, in the broker: the queue drops its consumers and tells nobody."""


async def test_a_consumer_that_the_broker_has_forgotten_in_silence_is_made_again(
    private_rabbitmq: Callable[[], RabbitMQServer],
) -> None:
    rabbitmq = private_rabbitmq()
    async with following(rabbitmq.url) as one:
        await one.feed.start(one.take, one.replica.follower.followers)
        await eventually(one.listens)
        await asyncio.to_thread(rabbitmq.control, "eval", FORGET)
        assert await one.listens()  # as far as the client has heard
        await eventually(one.is_stuck)
        await eventually(one.delivers_again, pause=0.3)
        assert one.feed.remedies() == {"consumer": 1, "connection": 0, "queue": 0}
