"""Follows the log through RabbitMQ with FastStream: one quorum queue a log, one active consumer each.

Of several replicas, RabbitMQ 4 makes the one active whose consumer has the highest priority. That is the rendezvous
hash (Thaler and Ravishankar, 1998) of replica and queue: replicas share the queues evenly, and one that comes or goes
moves no queue but its own. Before RabbitMQ 4 who comes first has them all, and the others stand by.

RabbitMQ may take a consumer away (its queue was deleted, its channel closed after a slow handler) while the connection
stays up, and then nothing is consumed although everything looks well: measured with FastStream 0.7.8, 28 seconds. So a
watch looks once a second whether the broker answers and each consumer is still registered, and builds the connection
anew, to the next node where there are several, when that is not so. It looks at the queues too: what holds messages
and delivers none gets a new consumer, then a new connection, then a new queue. What is delivered twice by that is
skipped by who follows, and what is lost by it the follower reads from the log.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from faststream import AckPolicy
from faststream.exceptions import AckMessage
from faststream.message import StreamMessage
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange
from faststream.rabbit.subscriber.usecase import RabbitSubscriber
from pydantic import ValidationError

from twinpath.domain.events import RecordedEvent, from_json
from twinpath.errors import Unavailable
from twinpath.feed.dead_letters import DeadLetters
from twinpath.feed.interface import EXCHANGE, BatchHandler, EventFeed, Followed
from twinpath.feed.queue_watch import STUCK_SECONDS, Remedy
from twinpath.feed.rabbit_looks import RabbitLooks
from twinpath.feed.rabbit_nodes import RabbitNodes
from twinpath.feed.rabbit_probe import RabbitProbe
from twinpath.feed.rabbit_queue import LogQueue, is_registered, priority, reopen
from twinpath.ids import uuid7
from twinpath.running.ending import is_ending
from twinpath.running.time_limit import within

PREFETCH = 32
_LOOK_SECONDS = 1.0
_LOOKS_BEFORE_ANEW = 2
_LOOKS_BETWEEN_DELETIONS = 60
_START_SECONDS = 15.0
_TREAT_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class RabbitFeed(EventFeed):
    """An EventFeed for one group of followers; each group has its own queues and so gets every batch."""

    def __init__(
        self,
        url: str,
        group: str,
        logs: Iterable[str] | Mapping[str, Collection[str] | None],
        exchange: str = EXCHANGE,
        not_followed: list[str] | None = None,
        service: str = "twinpath",
        stuck_seconds: float = STUCK_SECONDS,
    ) -> None:
        """`logs` may say of a log which types of events are wanted: then only batches with one of these come.

        `not_followed` are logs that an earlier version of the group may have followed: their queues, which nobody
        empties any more, are deleted, again and again for as long as replicas of that version may be at work.
        `service` is shown by the broker beside the group. A queue that delivers nothing for `stuck_seconds` is treated.

        Raises:
            ValueError: no broker can be at this address.
        """
        self._nodes = RabbitNodes(url, service, group)
        self._group = group
        self.replica = uuid7()
        """By which name it competes for its queues."""
        wanted = logs if isinstance(logs, Mapping) else dict.fromkeys(logs)
        self._queues = {log: LogQueue(group, log, types) for log, types in wanted.items()}
        self._not_followed = [LogQueue(group, log) for log in not_followed or ()]
        self._exchange = RabbitExchange(exchange, type=ExchangeType.TOPIC, durable=True)
        self._dead_letters = DeadLetters(RabbitNodes(url, service, f"dead letters of {group}"))
        self._broker: RabbitBroker | None = None
        self._subscribers: dict[str, RabbitSubscriber] = {}
        self._watch: asyncio.Task[None] | None = None
        self._probe: RabbitProbe | None = None
        self._answers = False
        self._looks = RabbitLooks(group, {log: queue.name for log, queue in self._queues.items()}, stuck_seconds)
        self.unreadable = 0
        self.trouble: str | None = None
        """Why there is no connection, or None."""

    async def start(self, handler: BatchHandler, followed: Followed | None = None) -> None:
        """See EventFeed.start. Returns at once; it connects as soon as the broker answers."""
        self._looks.followed = followed
        self._watch = asyncio.create_task(self._run(handler), name=f"feed {self._group}")

    async def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        await self._disconnect()

    def consumers(self) -> dict[str, bool]:
        registered = {
            log for log, subscriber in self._subscribers.items() if self._answers and is_registered(subscriber)
        }
        return {log: log in registered for log in self._queues}

    def stuck(self) -> Mapping[str, str]:
        """See EventFeed.stuck."""
        return self._looks.stuck

    def remedies(self) -> Mapping[str, int]:
        """See EventFeed.remedies."""
        return self._looks.remedies

    def broker(self, handler: BatchHandler, url: str | None = None) -> RabbitBroker:
        """A FastStream broker with a subscriber a log, not yet started; also what AsyncAPI describes, for any `url`."""
        broker = RabbitBroker(
            url or self._nodes.url, graceful_timeout=2.0, reconnect_interval=1.0, logger=None, apply_types=False
        )
        self._subscribers = {log: self._subscribe(broker, log, handler) for log in self._queues}
        return broker

    def _subscribe(self, broker: RabbitBroker, log: str, handler: BatchHandler) -> RabbitSubscriber:
        queue = self._queues[log]
        subscriber = broker.subscriber(
            queue.declaration(),
            self._exchange,
            consume_args={"x-priority": priority(self.replica, queue.name)},
            channel=Channel(prefetch_count=PREFETCH),  # its own, so that one log's trouble closes no other's
            ack_policy=AckPolicy.NACK_ON_ERROR,
            decoder=partial(self._decode, log),
            no_reply=True,
            title=log,
            description=f"Batches of the log {log}, in order",
        )

        async def take(events: list[RecordedEvent]) -> None:
            await handler(log, events)

        subscriber(take)
        return subscriber

    async def _decode(self, log: str, message: StreamMessage[Any]) -> list[RecordedEvent]:
        """The batch of a message; one that can't be read goes to the dead letters, and the log fills its hole.

        Raises Unavailable when it can't be kept there: then it is not acknowledged, and comes again.
        """
        self._looks.delivered[log] += 1
        try:
            return from_json(message.body)
        except ValidationError as error:
            self.unreadable += 1
            wrong = [
                f"{fault['loc']}: {fault['type']}" for fault in error.errors(include_input=False, include_url=False)[:3]
            ]
            _log.error(
                "message_undecodable", message_id=message.message_id, wrong=wrong
            )  # what it says may be personal
            reason = f"no list of recorded events: {wrong}"
            await self._dead_letters.set_aside(message.raw_message, self._queues[log].name, reason)
            raise AckMessage from error

    async def _run(self, handler: BatchHandler) -> None:
        """Watch until cancelled, whatever the libraries below raise: nobody watches the watch."""
        while not is_ending():
            try:
                if self._broker is None:
                    await self._connect(handler)
                if self._broker is None:
                    await asyncio.sleep(_LOOK_SECONDS)
                await self._watch_consumers()
            except asyncio.CancelledError:
                if is_ending():
                    raise
                _log.warning("feed_begins_anew", group=self._group, error="a task below was cancelled")
            except Exception:
                _log.exception("feed_begins_anew", group=self._group)
                await asyncio.sleep(_LOOK_SECONDS)

    async def _watch_consumers(self) -> None:
        """Return, the connection closed, when consumers are missing that had the time to come back by themselves."""
        missing = looks = 0
        while missing < _LOOKS_BEFORE_ANEW and self._broker is not None:
            if looks % _LOOKS_BETWEEN_DELETIONS == 0:
                await self._delete_old_queues()
            await asyncio.sleep(_LOOK_SECONDS)
            looks += 1
            await self._look()
            missing = 0 if all(self.consumers().values()) else missing + 1
        if self._broker is not None:
            lost = [log for log, registered in self.consumers().items() if not registered]
            _log.warning("consumers_lost", group=self._group, logs=lost, answers=self._answers)
            if not self._answers:
                self._nodes.try_next()
            await self._disconnect()

    async def _look(self) -> None:
        """Ask the broker whether it answers, and how the queues are; treat one that is stuck."""
        if self._probe is None:
            return
        try:
            await self._probe.answers()
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            self._answers, self.trouble = False, f"RabbitMQ does not answer: {error or type(error).__name__}"
            return
        self._answers, self.trouble = True, None
        if due := await self._looks.look(self._probe, self.consumers()):
            await self._treat(due, self._probe)

    async def _treat(self, due: Mapping[str, Remedy], probe: RabbitProbe) -> None:
        """Treat each log's queue as is due. A new connection, for all of them, makes the deleted queues again."""

        async def treat(log: str, remedy: Remedy) -> None:
            try:
                if remedy is Remedy.CONSUMER:
                    await within(_TREAT_SECONDS, reopen(self._subscribers[log]))
                elif remedy is Remedy.QUEUE:
                    await probe.delete(self._queues[log].name)
            except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
                _log.warning("queue_stays_stuck", group=self._group, log=log, error=str(error) or type(error).__name__)

        await asyncio.gather(*(treat(log, remedy) for log, remedy in due.items()))
        if set(due.values()) != {Remedy.CONSUMER}:
            await self._disconnect()

    async def _delete_old_queues(self) -> None:
        """Delete the queues of logs that are not followed; the broker takes a missing one for deleted."""
        if self._broker is None or not self._not_followed:
            return
        try:
            async with asyncio.timeout(_START_SECONDS):
                channel = await (await self._broker.connect()).channel()
                for queue in self._not_followed:
                    await channel.queue_delete(queue.name)
                await channel.close()
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            _log.warning("old_queues_stay", group=self._group, error=str(error) or type(error).__name__)

    async def _connect(self, handler: BatchHandler) -> None:
        self._broker = self.broker(handler)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._dead_letters.prepare()
                connection = await within(_START_SECONDS / 2, self._broker.connect())
                await self._broker.start()
                for log, subscriber in self._subscribers.items():
                    await self._queues[log].bind(subscriber, self._exchange.name)
        except (*CONNECTION_EXCEPTIONS, TimeoutError, Unavailable) as error:
            self._nodes.try_next()
            message = str(error) or type(error).__name__
            if self.trouble is None:
                _log.warning("feed_waits_for_broker", group=self._group, error=message)
            self.trouble = message
            await self._disconnect()
        else:
            self._probe = RabbitProbe(connection, self._exchange.name)
            self._answers, self.trouble = True, None
            _log.info("feed_follows", group=self._group, logs=list(self._queues))

    async def _disconnect(self) -> None:
        broker, self._broker, self._subscribers, self._probe = self._broker, None, {}, None
        if broker is not None:
            with suppress(*CONNECTION_EXCEPTIONS, TimeoutError):
                await within(10.0, broker.stop())
