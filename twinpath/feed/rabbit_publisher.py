"""The relay's side of RabbitMQ: persistent, mandatory, confirmed messages to one topic exchange."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import orjson
from aio_pika import DeliveryMode, ExchangeType, Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, DeliveryError, PublishError

from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unavailable, Unroutable
from twinpath.feed.interface import EXCHANGE, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, EventPublisher, key_of
from twinpath.feed.rabbit_nodes import RabbitNodes
from twinpath.running.time_limit import within

MOST_IN_FLIGHT = 500
"""Messages that `publish_each` has unconfirmed at once, over all its callers."""

PING_SECONDS = 1.5
"""Shorter than readiness waits for any of its checks."""


class RabbitPublisher(EventPublisher):
    """An EventPublisher. It connects when it is first used and anew after each failure.

    `timeout` is for how many seconds the broker may keep one message, or one lot of MOST_IN_FLIGHT, unconfirmed. So it
    tells a broker that is away from a slow one, however much there is to publish.
    """

    def __init__(self, url: str, exchange: str = EXCHANGE, timeout: float = 10.0, service: str = "twinpath") -> None:
        """`service` is shown by the broker beside the exchange. Raises ValueError."""
        self._nodes = RabbitNodes(url, service, f"publishes to {exchange}")
        self._exchange_name = exchange
        self._timeout = timeout
        self._connecting = asyncio.Lock()
        self._in_flight = asyncio.Lock()
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._exchange: AbstractExchange | None = None

    async def publish(self, log: str, events: list[RecordedEvent]) -> None:
        """See EventPublisher.publish; more than fits into one message goes as several, in order."""
        for body, types in _bodies(events):
            message = Message(
                body,
                # further routing keys, which the broker takes off: rabbitmq.com/docs/sender-selected
                headers={"BCC": [key_of(log, event_type) for event_type in sorted(types)]},
                content_type="application/json",
                delivery_mode=DeliveryMode.PERSISTENT,
            )
            async with self._using() as exchange:
                try:
                    await within(self._timeout, exchange.publish(message, routing_key=log, mandatory=True))
                except PublishError as error:
                    raise Unroutable(f"no queue follows {log} yet") from error

    async def publish_each(self, messages: Sequence[tuple[str, Message]]) -> None:
        """Publish (routing key, message), in this order, in lots that are confirmed together; nobody need listen.

        Raises:
            Unavailable: the broker is away, or refused a message; some may have been taken.
        """
        for start in range(0, len(messages), MOST_IN_FLIGHT):
            lot = messages[start : start + MOST_IN_FLIGHT]
            async with self._in_flight, self._using() as exchange:
                await within(self._timeout, _publish_lot(exchange, lot))

    @asynccontextmanager
    async def _using(self) -> AsyncIterator[AbstractExchange]:
        """The exchange; whatever goes wrong with the broker becomes Unavailable, and the next use connects anew."""
        exchange: AbstractExchange | None = None
        try:
            exchange = await self._connected()
            yield exchange
        except (*CONNECTION_EXCEPTIONS, DeliveryError, TimeoutError) as error:
            if exchange is self._exchange:  # not the one that another caller has opened since
                if exchange is not None and isinstance(error, TimeoutError):
                    self._nodes.try_next()
                await self.close()
            raise Unavailable(f"RabbitMQ did not take a message: {error or type(error).__name__}") from error

    async def ping(self) -> None:
        """Ask the broker something that costs it nothing, beside what is being published. Raises Unavailable."""
        try:
            await self._connected()
            await within(PING_SECONDS, self._ask())
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            if not isinstance(error, TimeoutError):  # else it may be slow, and take a message in the end
                await self.close()
            raise Unavailable(f"RabbitMQ does not answer: {error or type(error).__name__}") from error

    async def _ask(self) -> None:
        if self._connection is not None:
            async with await self._connection.channel() as channel:
                await channel.get_exchange(self._exchange_name)

    async def close(self) -> None:
        """Close the connection; the next use opens another."""
        connection, self._connection, self._channel, self._exchange = self._connection, None, None, None
        if connection is not None:
            try:
                await within(2.0, connection.close())
            except (*CONNECTION_EXCEPTIONS, TimeoutError):
                pass  # it is broken already, which is why it is closed

    async def _connected(self) -> AbstractExchange:
        async with self._connecting:
            if self._exchange is None or self._channel is None or self._channel.is_closed:
                await self.close()
                await within(self._timeout, self._connect())
            assert self._exchange is not None, "it was just declared"
            return self._exchange

    async def _connect(self) -> None:
        self._connection = connection = await self._nodes.connect(self._timeout)
        self._channel = channel = await connection.channel(on_return_raises=True)
        self._exchange = await channel.declare_exchange(self._exchange_name, ExchangeType.TOPIC, durable=True)


async def _publish_lot(exchange: AbstractExchange, lot: Sequence[tuple[str, Message]]) -> None:
    await asyncio.gather(*(exchange.publish(message, key, mandatory=False) for key, message in lot))


def _bodies(events: list[RecordedEvent]) -> Iterator[tuple[bytes, set[str]]]:
    """JSON lists of at most MAX_BATCH_EVENTS events and MAX_BATCH_BYTES, unless one event alone is larger, each with
    the types of its events."""
    pieces: list[bytes] = []
    types: set[str] = set()
    size = 0
    for event in events:
        piece = orjson.dumps(event, option=orjson.OPT_UTC_Z)
        if pieces and (len(pieces) == MAX_BATCH_EVENTS or size + len(piece) + 1 > MAX_BATCH_BYTES):
            yield b"[" + b",".join(pieces) + b"]", types
            pieces, types, size = [], set(), 0
        pieces.append(piece)
        types.add(event.type)
        size += len(piece) + 1
    if pieces:
        yield b"[" + b",".join(pieces) + b"]", types
