"""Publishing much at once to a slow broker: it takes as long as it takes, in lots; one that stands still is away."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, cast

import pytest
from aio_pika import Message
from aio_pika.abc import AbstractExchange

from twinpath.errors import Unavailable
from twinpath.feed.rabbit_publisher import MOST_IN_FLIGHT, RabbitPublisher


class _NoWaiting(selectors.DefaultSelector):
    """A selector that moves the clock on instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0.0
        return super().select(0)


def at_once(work: Coroutine[Any, Any, None]) -> float:
    """Run it on a clock of its own; for how many seconds of that it would have waited."""
    selector = _NoWaiting()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now  # type: ignore[method-assign]
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(work)
    return selector.now


class SlowExchange:
    """Confirms one message after the other, each after `seconds`; stands still after so many messages."""

    def __init__(self, seconds: float, standstill: int = 10**9) -> None:
        self._seconds, self._standstill = seconds, standstill
        self._one = asyncio.Lock()
        self._in_flight = 0
        self.most_in_flight = 0
        self.taken: list[str] = []

    async def publish(self, message: Message, key: str, mandatory: bool) -> None:
        """As aio_pika's."""
        self._in_flight += 1
        self.most_in_flight = max(self._in_flight, self.most_in_flight)
        try:
            async with self._one:
                await asyncio.sleep(self._seconds if len(self.taken) < self._standstill else 10**6)
                self.taken.append(key)
        finally:
            self._in_flight -= 1


class Publisher(RabbitPublisher):
    """Connected to such an exchange."""

    def __init__(self, exchange: SlowExchange) -> None:
        super().__init__("amqp://nowhere/")
        self._slow = cast(AbstractExchange, exchange)

    async def _connected(self) -> AbstractExchange:
        self._exchange = self._slow
        return self._slow


def messages(count: int, key: str = "k") -> list[tuple[str, Message]]:
    return [(f"{key}.{number}", Message(b"")) for number in range(count)]


def test_much_at_once_takes_longer_than_the_limit_for_one_lot_and_is_all_taken_in_order() -> None:
    exchange = SlowExchange(seconds=0.015)
    publisher = Publisher(exchange)

    async def sixteen_logs() -> None:
        await asyncio.gather(*(publisher.publish_each(messages(1_000, f"log-{log}")) for log in range(16)))

    assert at_once(sixteen_logs()) > 200  # seconds, where a lot may take 10
    assert len(exchange.taken) == 16 * 1_000
    assert exchange.most_in_flight == MOST_IN_FLIGHT
    assert [key for key in exchange.taken if key.startswith("log-7.")] == [key for key, _ in messages(1_000, "log-7")]


def test_a_broker_that_stands_still_is_away_after_the_limit() -> None:
    exchange = SlowExchange(seconds=0.01, standstill=700)
    publisher = Publisher(exchange)

    async def publish() -> None:
        with pytest.raises(Unavailable):
            await publisher.publish_each(messages(2_000))

    assert 10 < at_once(publish()) < 20
    assert len(exchange.taken) == 700
