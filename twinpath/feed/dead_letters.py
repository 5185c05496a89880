"""The queue of dead letters: messages that nobody could read, or that came back too often.

What can't be read is put there by us, with the reason in a header, before it is acknowledged where it came from. What
exceeded its queue's delivery limit is put there by the broker, which says so in `x-death`.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from aio_pika import DeliveryMode, ExchangeType, Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import (
    CONNECTION_EXCEPTIONS,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    DeliveryError,
    PublishError,
)

from twinpath.clock import utc_now
from twinpath.errors import Unavailable
from twinpath.feed.rabbit_nodes import RabbitNodes

DEAD_LETTERS = "twinpath.dead-letters"
"""The name of the fanout exchange and of the queue that is bound to it."""

DEAD_LETTERS_ARGUMENTS: Mapping[str, Any] = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000_000}
"""Looking at a letter counts as a delivery, and RabbitMQ 4 drops after 20 what has no other limit."""

REASON, QUEUE, ROUTING_KEY, AT, REQUEUED = (
    f"x-twinpath-{name}" for name in ("reason", "queue", "routing-key", "at", "requeued")
)
MOST_REASON = 500
_OF_ITS_DEATH = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count")
_TIMEOUT = 10.0
_EVERYTHING = 0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message: where it died, why, when; `id` is made of its content and its queue, and stays the same."""

    id: str
    queue: str
    routing_key: str
    reason: str
    at: datetime | None
    requeued: int
    content_type: str | None
    body: bytes

    @classmethod
    def of_message(cls, message: AbstractIncomingMessage) -> "DeadLetter":
        """Read it from its headers: ours, else the broker's."""
        headers: Mapping[str, Any] = message.headers
        deaths = headers.get("x-death") or [{}]
        death: Mapping[str, Any] = deaths[0] if isinstance(deaths, list) and isinstance(deaths[0], dict) else {}
        queue = str(headers.get(QUEUE) or death.get("queue", ""))
        keys = death.get("routing-keys") or [message.routing_key or ""]
        at = headers.get(AT) or death.get("time")
        return cls(
            id=sha256(queue.encode() + b"\0" + message.body).hexdigest()[:12],
            queue=queue,
            routing_key=str(headers.get(ROUTING_KEY) or keys[0]),
            reason=str(headers.get(REASON) or death.get("reason", "unknown")),
            at=at if isinstance(at, datetime) else None,
            requeued=int(headers.get(REQUEUED) or 0),
            content_type=message.content_type,
            body=message.body,
        )


class DeadLetters:
    """The writing side, for those who follow the log."""

    def __init__(self, nodes: RabbitNodes) -> None:
        self._nodes = nodes

    async def prepare(self) -> None:
        """Make exchange and queue where they are missing. Raises Unavailable."""
        async with _channel(self._nodes, _TIMEOUT) as (connection, channel):
            try:
                await channel.declare_queue(DEAD_LETTERS, durable=True, arguments=dict(DEAD_LETTERS_ARGUMENTS))
            except ChannelPreconditionFailed:  # it was made with other arguments, by an operator or an older version
                channel = await connection.channel()
            exchange = await channel.declare_exchange(DEAD_LETTERS, ExchangeType.FANOUT, durable=True)
            await (await channel.get_queue(DEAD_LETTERS, ensure=False)).bind(exchange)

    async def count(self) -> int:
        """The number of letters that wait for an operator. Raises Unavailable."""
        async with _channel(self._nodes, _TIMEOUT) as (_, channel):
            queue = await channel.declare_queue(DEAD_LETTERS, passive=True)
            return queue.declaration_result.message_count or 0

    async def set_aside(self, message: AbstractIncomingMessage, queue: str, reason: str) -> None:
        """Return when the letter is kept; only then may the message be acknowledged. Raises Unavailable."""
        headers = {
            **message.headers,
            REASON: reason[:MOST_REASON],
            QUEUE: queue,
            ROUTING_KEY: message.routing_key or "",
            AT: utc_now(),
        }
        async with _channel(self._nodes, _TIMEOUT) as (_, channel):
            exchange = await channel.get_exchange(DEAD_LETTERS, ensure=False)
            await exchange.publish(_copy(message, headers), routing_key=message.routing_key or "", mandatory=True)


class DeadLetterBox:
    """The reading side, for an operator; it needs no right but to read the queue, and to publish what it requeues."""

    def __init__(self, channel: AbstractChannel) -> None:
        self._channel = channel
        self._requeued: set[tuple[str, int]] = set()

    async def letters(self) -> AsyncGenerator[tuple[DeadLetter, AbstractIncomingMessage]]:
        """Every letter, oldest first, until one comes that was requeued here and has died again.

        Each one stays in the queue unless it is requeued.
        """
        queue = await self._channel.get_queue(DEAD_LETTERS, ensure=False)
        while (message := await queue.get(fail=False)) is not None:
            letter = DeadLetter.of_message(message)
            if (letter.id, letter.requeued) in self._requeued:
                return
            yield letter, message

    async def requeue(self, letter: DeadLetter, message: AbstractIncomingMessage) -> bool:
        """Put a letter back at the end of the queue where it died; False when there is no such queue any more.

        It is taken from the dead letters only when it is kept there: a crash in between leaves it in both.
        """
        kept = {
            name: value
            for name, value in message.headers.items()
            if not name.startswith((*_OF_ITS_DEATH, "x-twinpath-"))
        }
        copy = _copy(message, {**kept, REQUEUED: letter.requeued + 1})
        try:
            await self._channel.default_exchange.publish(copy, routing_key=letter.queue, mandatory=True)
        except PublishError:
            return False
        await message.ack()
        self._requeued.add((letter.id, letter.requeued + 1))
        return True


@asynccontextmanager
async def dead_letter_box(url: str) -> AsyncIterator[DeadLetterBox]:
    """Open it. What was looked at goes back to the queue when it is closed. Raises Unavailable."""
    async with _channel(RabbitNodes(url, "twinpath", "dead letters"), None) as (_, channel):
        try:
            yield DeadLetterBox(channel)
        finally:  # at once, not whenever the broker notices that the connection is gone
            with suppress(*CONNECTION_EXCEPTIONS):
                await (await channel.get_underlay_channel()).basic_nack(_EVERYTHING, multiple=True, requeue=True)


@asynccontextmanager
async def _channel(
    nodes: RabbitNodes, seconds: float | None
) -> AsyncIterator[tuple[AbstractConnection, AbstractChannel]]:
    """A connection for this one purpose, since few messages die; whatever goes wrong with it is Unavailable."""
    try:
        async with asyncio.timeout(seconds), await nodes.connect(_TIMEOUT) as connection:
            yield connection, await connection.channel(on_return_raises=True)
    except ChannelNotFoundEntity as error:
        raise Unavailable(f"there are no {DEAD_LETTERS} yet: nobody has followed the log here") from error
    except (*CONNECTION_EXCEPTIONS, DeliveryError, TimeoutError) as error:
        raise Unavailable(f"RabbitMQ does not take or give dead letters: {error or type(error).__name__}") from error


def _copy(message: AbstractIncomingMessage, headers: Mapping[str, Any]) -> Message:
    return Message(
        message.body,
        headers=dict(headers),
        content_type=message.content_type,
        content_encoding=message.content_encoding,
        message_id=message.message_id,
        correlation_id=message.correlation_id,
        type=message.type,
        timestamp=message.timestamp,
        delivery_mode=DeliveryMode.PERSISTENT,
    )
