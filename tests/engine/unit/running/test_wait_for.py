"""asyncio.wait_for as every process has it that imports `shared`: a cancellation is never swallowed."""

import asyncio

import pytest

import twinpath.running.wait_for  # noqa: F401 - what is tried here


async def test_a_cancellation_in_the_turn_in_which_the_answer_comes_is_not_swallowed() -> None:
    answer = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(asyncio.wait_for(answer, 60))
    await asyncio.sleep(0)

    answer.set_result("come")
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
