"""A time limit that holds even for work that ignores its cancellation."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


async def within(seconds: float, work: Coroutine[Any, Any, _T]) -> _T:
    """Await work, or leave it behind when the time is up.

    `asyncio.timeout` cancels once and then waits for the end, for ever when a library swallows the cancellation, as
    aio-pika 10.2 may while a broker reads nothing.

    Raises:
        TimeoutError: the time is up, or a task that the work waited for was cancelled.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_look_at)
    if not task.done():
        raise TimeoutError(f"nothing within {seconds:g} seconds")
    if task.cancelled():
        raise TimeoutError("a task below was cancelled")
    return task.result()


def _look_at(left_behind: asyncio.Task[Any]) -> None:
    """So that nobody is told of an error that nobody waited for."""
    if not left_behind.cancelled():
        left_behind.exception()
