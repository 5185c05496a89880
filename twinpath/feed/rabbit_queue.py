"""The queue in which a group of followers gets one log: what it is called, how it is made, which batches come to it."""

import asyncio
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from faststream.rabbit import QueueType, RabbitQueue
from faststream.rabbit.subscriber.usecase import RabbitSubscriber

from twinpath.feed.dead_letters import DEAD_LETTERS
from twinpath.feed.interface import key_of

_DELIVERY_LIMIT = 20


@dataclass(frozen=True, slots=True)
class LogQueue:
    """Of `types` that are not None only the batches come to it that hold such an event."""

    group: str
    log: str
    types: Collection[str] | None = None

    @property
    def name(self) -> str:
        """As the broker has it."""
        return f"twinpath.{self.group}.{self.log}"

    @property
    def keys(self) -> list[str]:
        """The routing keys of what comes to it."""
        return [self.log] if self.types is None else [key_of(self.log, name) for name in sorted(self.types)]

    def declaration(self) -> RabbitQueue:
        """What FastStream makes and binds, to the first of its keys."""
        return RabbitQueue(
            self.name,
            queue_type=QueueType.QUORUM,
            routing_key=self.keys[0],
            arguments={
                "x-single-active-consumer": True,
                "x-delivery-limit": _DELIVERY_LIMIT,
                "x-dead-letter-exchange": DEAD_LETTERS,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )

    async def bind(self, subscriber: RabbitSubscriber, exchange: str) -> None:
        """Bind it to the rest of its keys, and no longer to every batch if not every batch is wanted.

        Raises TimeoutError, CONNECTION_EXCEPTIONS.
        """
        queue = subscriber._queue_obj
        if self.types is not None and queue is not None:
            await asyncio.gather(*(queue.bind(exchange, key) for key in self.keys[1:]))
            await queue.unbind(exchange, self.log)


def priority(replica: str, queue: str) -> int:
    """How much a replica wants a queue, 0 to 65535: as good as random, and the same at every call."""
    return int.from_bytes(hashlib.blake2b(f"{replica} {queue}".encode(), digest_size=2).digest())


async def reopen(subscriber: RabbitSubscriber) -> None:
    """Give a consumer a new channel, which gives back what the old one had in hand."""
    if subscriber._queue_obj is not None:
        await subscriber._queue_obj.channel.reopen()


def is_registered(subscriber: RabbitSubscriber) -> bool:
    """Whether the broker knows this consumer, by what the AMQP channel has heard; FastStream has no call for it."""
    queue, tag = subscriber._queue_obj, subscriber._consumer_tag
    if queue is None or tag is None or queue.channel.is_closed:
        return False
    underlay: Any = getattr(queue.channel, "_channel", None)
    return underlay is not None and tag in underlay.channel.consumers
