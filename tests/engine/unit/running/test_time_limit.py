"""A time limit holds for whatever work does, and tells its end from its caller's."""

import asyncio

import pytest

from twinpath.running.time_limit import within


async def answer(value: int = 7) -> int:
    return value


async def fail() -> None:
    raise KeyError("why")


async def cancelled_below() -> None:
    below = asyncio.create_task(asyncio.Event().wait())
    asyncio.get_running_loop().call_soon(below.cancel)
    await below


async def test_the_result_and_the_error_are_those_of_the_work() -> None:
    assert await within(10, answer()) == 7
    with pytest.raises(KeyError, match="why"):
        await within(10, fail())


async def test_work_that_ignores_its_cancellation_is_left_behind() -> None:
    told, end = asyncio.Event(), asyncio.Event()

    async def deaf() -> None:
        while not end.is_set():
            try:
                await end.wait()
            except asyncio.CancelledError:
                told.set()

    with pytest.raises(TimeoutError):
        await within(0.01, deaf())
    await told.wait()
    end.set()


async def test_a_cancellation_below_is_no_cancellation_of_the_caller() -> None:
    with pytest.raises(TimeoutError, match="cancelled"):
        await within(10, cancelled_below())


async def test_a_cancelled_caller_ends_at_once_and_its_work_is_cancelled() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    caller = asyncio.create_task(within(10, work()))
    await begun.wait()
    caller.cancel()

    with pytest.raises(asyncio.CancelledError):
        await caller
    await ended.wait()
