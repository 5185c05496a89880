"""Refusing below ASGI, over real sockets: what is said, and that the connection goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.engine.http.served import served
from tests.support.eventually import eventually
from twinpath.commands.admission import BULK, Admission

JSON = {"Content-Type": "application/json"}


class Held:
    """An endpoint that answers when it may."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.bodies: list[bytes] = []

    async def answer(self, request: Request) -> Response:
        self.bodies.append(await request.body())
        await self.may_answer.wait()
        return PlainTextResponse("done")


@asynccontextmanager
async def gated(admission: Admission, endpoint: Callable[[Request], Awaitable[Response]]) -> AsyncIterator[int]:
    """The port of a server with this gate; every path goes to the endpoint."""

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("healthy")

    app = Starlette(
        routes=[
            Route("/health/live", healthy),
            Route("/{path:path}", endpoint, methods=["GET", "POST"]),
        ]
    )
    async with served(app, gate=admission) as service:
        yield service.port


@pytest.fixture
def admission() -> Admission:
    one_at_a_time = Admission(clock=count(1.0).__next__)  # a second from each look to the next, so nothing is a burst
    one_at_a_time.limit = 1
    return one_at_a_time


async def in_hand(admission: Admission, count: int) -> bool:
    return admission.in_hand == count


async def arrived(held: Held, count: int) -> bool:
    return len(held.bodies) == count


async def test_one_too_many_is_told_when_to_come_back_and_may_do_so_on_its_connection(admission: Admission) -> None:
    held = Held()
    async with (
        gated(admission, held.answer) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        first = asyncio.create_task(client.post("/api/v1/tickets", json={}))
        await eventually(lambda: in_hand(admission, 1))

        refused = await client.post("/api/v1/tickets?x=1", json={}, headers={"X-Correlation-Id": "c-7"})
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.headers["X-Correlation-Id"] == "c-7"
        assert (refused.json()["code"], refused.json()["instance"]) == ("overloaded", "/api/v1/tickets")
        assert admission.refused == 1

        held.may_answer.set()
        assert (await first).text == "done"
        assert (await client.post("/api/v1/tickets", content=b"again", headers=JSON)).text == "done"
        assert held.bodies == [b"{}", b"again"]
        await eventually(lambda: in_hand(admission, 0))


async def test_reads_health_and_bulk_requests_come_through_whatever_is_in_hand(admission: Admission) -> None:
    held = Held()
    async with (
        gated(admission, held.answer) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        first = asyncio.create_task(client.post("/api/v1/tickets", json={}))
        await eventually(lambda: in_hand(admission, 1))

        assert (await client.get("/health/live")).text == "healthy"
        others = [
            asyncio.create_task(client.get("/api/v1/anything")),
            asyncio.create_task(client.post(BULK, json={})),
        ]
        await eventually(lambda: arrived(held, 3))
        held.may_answer.set()
        assert [(await answer).text for answer in (first, *others)] == ["done"] * 3


@pytest.mark.parametrize("chunks", [[b"x" * 300_000], [b"x" * 70_000] * 5], ids=["one", "chunked"])
async def test_the_body_of_a_refused_request_is_read_away(admission: Admission, chunks: list[bytes]) -> None:
    held = Held()
    admission.limit = 0

    async def body() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async with (
        gated(admission, held.answer) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=httpx.Limits(max_connections=1)) as client,
    ):
        content = chunks[0] if len(chunks) == 1 else body()
        refused = await client.post("/api/v1/tickets", content=content, headers=JSON)
        assert refused.json()["code"] == "overloaded"
        admission.limit = 1
        held.may_answer.set()
        assert (await client.post("/api/v1/tickets", content=b"small", headers=JSON)).text == "done"
        assert held.bodies == [b"small"]


async def test_who_asks_first_whether_to_send_a_body_is_refused_before_it(admission: Admission) -> None:
    admission.limit = 0
    head = b"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
    async with gated(admission, Held().answer) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)

        answer = await reader.read()  # to the end: the connection is closed, as the body can't be told from a request

        assert answer.startswith(b"HTTP/1.1 503")
        assert b"connection: close" in answer
        writer.close()


async def test_what_is_pipelined_behind_a_request_in_hand_is_answered_in_order(admission: Admission) -> None:
    held = Held()
    request = b"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
    async with gated(admission, held.answer) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request * 2)
        await eventually(lambda: in_hand(admission, 1))
        held.may_answer.set()

        for _ in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(4) == b"done"
        writer.close()
        await eventually(lambda: in_hand(admission, 0))


async def test_a_client_that_goes_away_is_not_in_hand_any_more(admission: Admission) -> None:
    held = Held()
    async with gated(admission, held.answer) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        await eventually(lambda: in_hand(admission, 1))
        writer.close()
        held.may_answer.set()

        await eventually(lambda: in_hand(admission, 0))
