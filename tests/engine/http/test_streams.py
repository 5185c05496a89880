"""More event streams at once than a query service takes: the surplus is told to come back, and queries are answered."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

from tests.engine.http.raw import Answer, talk
from tests.support.services.system import System

STREAM = b"GET /api/v1/repairs/events HTTP/1.1\r\nHost: x\r\n\r\n"
QUERY = b"GET /api/v1/repairs HTTP/1.1\r\nHost: x\r\n\r\n"
FIRST, SECOND, THIRD = "127.0.0.2", "127.0.0.3", "127.0.0.4"


async def test_of_two_thousand_streams_at_once_each_caller_has_its_share_and_queries_are_answered(
    patient: System,
) -> None:
    port = int(patient["query"].url.rpartition(":")[2])
    queries = 0

    async def asked(client: str) -> tuple[int, str]:
        connection = await stack.enter_async_context(talk(port, client))
        await connection.send(STREAM)
        return told(await connection.answer())

    async def queried() -> None:
        nonlocal queries
        async with talk(port) as connection:
            while True:
                await connection.send(QUERY)
                assert told(await connection.answer()) == (200, "")
                queries += 1

    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        meanwhile = group.create_task(queried())
        for client, count, expected in (
            (FIRST, 700, {(200, ""): 500, (429, "too_many_streams"): 200}),
            (SECOND, 700, {(200, ""): 500, (429, "too_many_streams"): 200}),
            (THIRD, 600, {(503, "too_many_streams"): 600}),
        ):
            before = queries
            assert Counter(await asyncio.gather(*(asked(client) for _ in range(count)))) == expected
            assert queries > before, "no query was answered meanwhile"
        meanwhile.cancel()


def told(answer: Answer | None) -> tuple[int, str]:
    """The status and the code; a refusal says when to come back."""
    assert answer is not None
    if answer.status == 200:
        return 200, ""
    assert int(answer.headers["retry-after"]) > 0
    return answer.status, answer.problem["code"]
