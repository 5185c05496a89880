"""Every route that an app declares reads its body right, whatever way it comes: plain, in packets, in chunks, or with a
protocol beside it that nobody speaks."""

import asyncio
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

import httpx
import orjson
import pytest

from tests.engine.http.bodies import example_of
from tests.engine.http.cases import END, H2C, WEBSOCKET
from tests.engine.http.raw import Answer, talk

NO_SUCH = "0198c0de-0000-7000-8000-0000000000ff"
EXPECT = b"Expect: 100-continue\r\n"


@pytest.mark.parametrize("service", ["command", "query"])
async def test_every_declared_route_is_answered_alike_whatever_way_a_request_comes(
    ports: dict[str, int], service: str
) -> None:
    port = ports[service]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        document = (await client.get("/openapi.json")).json()
    routes = list(declared(document))
    assert len(routes) > 5

    async def tried(method: bytes, path: bytes, headers: bytes, body: bytes) -> list[str]:
        plain, *others = [
            (name, await asked(port, method, packets)) for name, packets in ways(method, path, headers, body)
        ]
        assert plain[1].status not in (400, 408, 415), (method, path, plain[1])
        return [f"{method!r} {path!r} {name}: {seen(answer)}, not {seen(plain[1])}"
                for name, answer in others if seen(answer) != seen(plain[1])]  # fmt: skip

    wrong = await asyncio.gather(*(tried(*route) for route in routes))
    faults = list(chain.from_iterable(wrong))
    assert not faults, "\n".join(faults)


def declared(document: dict[str, Any]) -> Iterator[tuple[bytes, bytes, bytes, bytes]]:
    """Method, path, headers and body of a request for each operation; no aggregate has these ids."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path.endswith("/events"):  # endless
                continue
            filled = re.sub(r"{(\w+)_id}", lambda named: f"{named[1].replace('_', '-')}-{NO_SUCH}", path)
            headers, body = b"", b""
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                headers = b"Content-Type: %b\r\n" % media_type.encode()
                body = example_of(content, document)
            yield method.upper().encode(), filled.encode(), headers, body


def ways(method: bytes, path: bytes, headers: bytes, body: bytes) -> Iterator[tuple[str, tuple[bytes, ...]]]:
    """The same request in different ways, first the plain one. A key makes that it takes effect once."""
    line = b"%b %b HTTP/1.1\r\n" % (method, path)
    common = b"Host: x\r\n" + headers
    if method not in (b"GET", b"HEAD"):
        common += b"Idempotency-Key: %b\r\n" % re.sub(rb"[^a-z0-9]", b"-", method.lower() + path)
    length = b"Content-Length: %d\r\n" % len(body)
    chunked = b"Transfer-Encoding: chunked\r\n"
    halves = body[: len(body) // 2], body[len(body) // 2 :]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(half), half) for half in halves if half) + b"0\r\nX-Trailer: a\r\n\r\n"
    yield "plain", (line + common + length + END + body,)
    yield "with its body later", (line + common + length + END, body)
    yield "in two halves", (line + common + length + END + halves[0], halves[1])
    yield "with h2c", (line + common + H2C + length + END + body,)
    yield "with h2c, its body later", (line + common + H2C + length + END, body)
    yield "with websocket, its body later", (line + common + WEBSOCKET + length + END, body)
    yield "in chunks", (line + common + chunked + END + chunks,)
    yield "in chunks later, with h2c", (line + common + H2C + chunked + END, chunks)
    yield "asked for", (line + common + EXPECT + length + END, body)
    yield "after an empty line", (END + line + common + length + END + body,)
    yield "with a whole URI", (b"%b http://y%b HTTP/1.1\r\n" % (method, path) + common + length + END + body,)


async def asked(port: int, method: bytes, packets: tuple[bytes, ...]) -> Answer:
    """The answer, after which the connection goes on."""
    async with talk(port) as connection:
        await connection.send(*packets)
        answer = await connection.answer(method)
        assert answer is not None
        assert await connection.goes_on()
        return answer


def seen(answer: Answer) -> tuple[int, object]:
    """What must be the same."""
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    return answer.status, orjson.loads(answer.body)["code"] if is_problem and answer.body else None


async def test_what_is_sent_ahead_is_answered_in_order(ports: dict[str, int]) -> None:
    live, ready = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
    body = b"POST /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    chunked = b"POST /health/live HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    upgrade = b"GET /health/live HTTP/1.1\r\nHost: x\r\n" + H2C + END
    last = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for requests, statuses in (
        ([live, ready] * 500, [200, 404] * 500),
        ([body, live, chunked, live, upgrade, live], [4, 200, 4, 200, 200, 200]),
        ([live, b"GET /health/live HTTP/1.1\r\n\r\n", live], [200, 400]),
        ([chunked, b"garbage\r\n\r\n", live], [4, 400]),
        ([live, last, live, live], [200, 200]),
    ):
        for port in ports.values():
            async with talk(port) as connection:
                await connection.send(b"".join(requests))
                for number, status in enumerate(statuses):
                    answer = await connection.answer(requests[number][:4].strip())
                    assert answer is not None, number
                    assert status in (answer.status, answer.status // 100), (number, answer)
                whole = len(statuses) == len(requests)
                assert await (connection.goes_on() if whole else connection.ends())
