"""Waiting for a condition, with a limit: the way tests wait."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, retry_if_result, stop_after_delay, wait_fixed

T = TypeVar("T")


async def eventually(ask: Callable[[], Awaitable[T]], limit: float = 30.0, pause: float = 0.05) -> T:
    """Ask until the answer is true, and give it; an AssertionError on the way counts as not yet.

    Raises:
        AssertionError: the last one, or one that says that `limit` seconds passed.
    """
    last: list[object] = []

    async def noted() -> T:
        answer = await ask()
        last[:] = [answer]
        return answer

    asking = AsyncRetrying(
        stop=stop_after_delay(limit),
        wait=wait_fixed(pause),
        retry=retry_if_result(lambda answer: not answer) | retry_if_exception_type(AssertionError),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    answer: T = await asking(noted)
    assert answer, f"not so within {limit:g} seconds; the last answer was {last[0]!r}"
    return answer


def eventually_now(holds: Callable[[], bool], limit: float = 30.0) -> None:
    """The same for a test that is not async: wait until it holds."""
    deadline = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.02)
