"""Reads that wait at the same time go out together, and what befalls one befalls no other."""

import asyncio
from collections.abc import Sequence

import pytest

from twinpath.errors import Unavailable
from twinpath.views.redis.reads import MOST_KEYS, SharedReads


class Server:
    """Answers when told to, and notes what was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.may_answer = asyncio.Event()
        self.error: Exception | None = None

    async def read(self, keys: Sequence[str]) -> list[bytes | None]:
        self.asked.append(list(keys))
        await self.may_answer.wait()
        if self.error:
            raise self.error
        return [key.encode() for key in keys]


@pytest.fixture
async def server() -> Server:
    return Server()


async def begun(reads: SharedReads[bytes | None], keys: Sequence[str]) -> list[asyncio.Task[bytes | None]]:
    """Reads that have gone as far as they get."""
    tasks = [asyncio.create_task(reads.get(key)) for key in keys]
    for _ in range(3):
        await asyncio.wait(tasks, timeout=0)
    return tasks


async def test_reads_of_one_turn_go_out_together_and_equal_ones_once(server: Server) -> None:
    server.may_answer.set()

    assert await asyncio.gather(*map(SharedReads(server.read).get, "abba")) == [b"a", b"b", b"b", b"a"]
    assert server.asked == [["a", "b"]]


async def test_reads_that_come_while_one_is_in_flight_form_the_next(server: Server) -> None:
    reads = SharedReads(server.read)
    first = await begun(reads, "a")
    later = [*(await begun(reads, "b")), *(await begun(reads, "ac"))]
    assert server.asked == [["a"]]

    server.may_answer.set()

    assert await asyncio.gather(*first, *later) == [b"a", b"b", b"a", b"c"]
    assert server.asked == [["a"], ["b", "a", "c"]]


async def test_a_very_large_batch_is_cut(server: Server) -> None:
    server.may_answer.set()
    keys = [str(n) for n in range(MOST_KEYS + 1)]

    assert await asyncio.gather(*map(SharedReads(server.read).get, keys)) == [key.encode() for key in keys]
    assert [len(asked) for asked in server.asked] == [MOST_KEYS, 1]


async def test_a_failed_read_fails_those_in_it_and_the_next_one_tries_anew(server: Server) -> None:
    reads = SharedReads(server.read)
    server.error = Unavailable("away")
    failing = await begun(reads, "ab")
    server.may_answer.set()

    assert [type(error) for error in await asyncio.gather(*failing, return_exceptions=True)] == [Unavailable] * 2
    server.error = None
    assert await reads.get("a") == b"a"


async def test_one_who_gives_up_leaves_the_others_their_answer(server: Server) -> None:
    reads = SharedReads(server.read)
    in_flight = await begun(reads, "aa")
    waiting = await begun(reads, "bb")
    in_flight[0].cancel()
    waiting[0].cancel()
    await asyncio.wait([in_flight[0], waiting[0]])

    server.may_answer.set()

    assert [await in_flight[1], await waiting[1]] == [b"a", b"b"]


async def test_a_failure_that_nobody_waits_for_any_more_is_no_trouble(server: Server) -> None:
    """Warnings are errors in tests: an exception that is never looked at would show."""
    reads = SharedReads(server.read)
    server.error = Unavailable("away")
    (gone,) = await begun(reads, "a")
    gone.cancel()
    await asyncio.wait([gone])

    server.may_answer.set()

    with pytest.raises(Unavailable):
        await reads.get("b")
