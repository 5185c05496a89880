"""Between the relay and the projector: every message of the log arrives twice, late, and in random order."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from tests.shop.support.broker_faults import QUEUES
from twinpath.feed.interface import EXCHANGE

_LATE = 40
"""How many messages are kept back, from which the next one is drawn."""


class Disorder:
    """What was kept back and sent so far."""

    def __init__(self, channel: aio_pika.abc.AbstractChannel, seed: int) -> None:
        self._channel = channel
        self._random = random.Random(seed)
        self._kept: list[tuple[str, bytes]] = []
        self.sent = 0
        """Messages sent, twice what came in."""

    async def take(self, message: AbstractIncomingMessage) -> None:
        """Keep a message, and another copy; send what is too much."""
        self._kept += [(message.routing_key or "", message.body)] * 2
        await self.send_all_but(_LATE)
        await message.ack()

    async def send_all_but(self, kept: int) -> None:
        """Send messages in random order until no more than so many are left."""
        while len(self._kept) > kept:
            log, body = self._kept.pop(self._random.randrange(len(self._kept)))
            message = aio_pika.Message(body, content_type="application/json")
            await self._channel.default_exchange.publish(message, routing_key=f"twinpath.views.{log}")
            self.sent += 1


@asynccontextmanager
async def disorder(rabbitmq_url: str, seed: int = 3) -> AsyncIterator[Disorder]:
    """Take the projector's queues from the exchange, and pass on what they would have got."""
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=100)
        disorderly = Disorder(channel, seed)
        tap = await channel.declare_queue("tap", durable=True)
        await tap.bind(EXCHANGE, routing_key="#")
        for name in QUEUES:
            queue = await channel.get_queue(name)
            await queue.unbind(EXCHANGE, name.removeprefix("twinpath.views."))
        tag = await tap.consume(disorderly.take)
        yield disorderly
        await tap.cancel(tag)
        await disorderly.send_all_but(0)
        for name in QUEUES:
            queue = await channel.get_queue(name)
            await queue.bind(EXCHANGE, name.removeprefix("twinpath.views."))
        await tap.delete(if_unused=False, if_empty=False)
