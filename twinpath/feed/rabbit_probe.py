"""Asks the broker how it and its queues are, over a connection that is open anyway; every question has a time limit."""

from dataclasses import dataclass

from aio_pika import ExchangeType
from aio_pika.abc import AbstractRobustChannel, AbstractRobustConnection
from aio_pika.exceptions import ChannelNotFoundEntity

from twinpath.running.time_limit import within

ANSWER_SECONDS = 3.0
"""A broker that leaves a question which costs it nothing unanswered for so long counts as away."""
_QUEUES_SECONDS = 10.0
"""A node asks the leader of each queue, for a quarter of a second each."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """How many messages wait for a consumer, and how many consumers the broker has: with single active consumer 1."""

    ready: int
    consumers: int


class RabbitProbe:
    """Of one connection."""

    def __init__(self, connection: AbstractRobustConnection, exchange: str) -> None:
        self._connection = connection
        self._exchange = exchange
        self._channel: AbstractRobustChannel | None = None

    async def answers(self) -> None:
        """Return when the broker has answered. Raises TimeoutError, CONNECTION_EXCEPTIONS."""
        await within(ANSWER_SECONDS, self._ask())

    async def queues(self, names: dict[str, str]) -> dict[str, QueueState]:
        """Log -> state, for `names`, log -> queue; a queue that is not there is left out.

        Raises:
            TimeoutError, CONNECTION_EXCEPTIONS: no answer.
        """
        return await within(_QUEUES_SECONDS, self._states(names))

    async def delete(self, queue: str) -> None:
        """Delete a queue with all that is in it. Raises TimeoutError, CONNECTION_EXCEPTIONS."""
        channel = await within(ANSWER_SECONDS, self._opened())
        await within(_QUEUES_SECONDS, channel.queue_delete(queue))

    async def _ask(self) -> None:
        channel = await self._opened()
        await channel.declare_exchange(self._exchange, ExchangeType.TOPIC, passive=True, robust=False)

    async def _states(self, names: dict[str, str]) -> dict[str, QueueState]:
        states = {}
        for log, name in names.items():
            channel = await self._opened()
            try:
                queue = await channel.declare_queue(name, passive=True, robust=False)
            except ChannelNotFoundEntity:  # deleted: the broker says so to its consumer, and closes this channel
                self._channel = None
                continue
            result = queue.declaration_result
            states[log] = QueueState(result.message_count or 0, result.consumer_count or 0)
        return states

    async def _opened(self) -> AbstractRobustChannel:
        if self._channel is None or self._channel.is_closed:
            self._channel = await self._connection.channel()
        return self._channel
