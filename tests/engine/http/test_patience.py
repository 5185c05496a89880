"""A client that keeps a service waiting is cut off after its time, whatever it is waited for; others are served."""

import asyncio
import socket
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import h11
import pytest

from tests.engine.http.cases import CHUNKED, END, GET, HOST, POST
from tests.engine.http.raw import Answer, Talk, live, talk

LENGTH = b"Content-Length: 10000\r\n"
BULK = b"POST /api/v1/commands HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
LINE = b'{"command": "nothing", "idempotency_key": "k"}\n'


@dataclass(frozen=True)
class Silence:
    """What is sent before nothing more comes, and the status of the answer, None where the connection just ends."""

    name: str
    sent: bytes
    status: int | None = 408
    answers: int = 0
    """How many requests before are answered."""


SILENCES = (
    Silence("nothing", b"", None),
    Silence("an empty line", END, None),
    Silence("half a line", GET[:9]),
    Silence("a line", GET),
    Silence("half a head", GET + HOST),
    Silence("a head without its last byte", GET + HOST + b"\r"),
    Silence("after an answer", GET + HOST + END, None, 1),
    Silence("half a head after an answer", GET + HOST + END + GET, 408, 1),
    Silence("half a body after an answer", GET + HOST + END + POST + HOST + LENGTH + END + b"a", 408, 1),
    Silence("no body", POST + HOST + LENGTH + END),
    Silence("half a body", POST + HOST + LENGTH + END + b"a" * 5000),
    Silence("no chunk", POST + HOST + CHUNKED + END),
    Silence("half a chunk size", POST + HOST + CHUNKED + END + b"5"),
    Silence("half a chunk", POST + HOST + CHUNKED + END + b"5\r\nhel"),
    Silence("no last chunk", POST + HOST + CHUNKED + END + b"5\r\nhello\r\n"),
    Silence("no end of trailers", POST + HOST + CHUNKED + END + b"0\r\nX-A: b\r\n"),
    Silence("a body that is asked for", POST + HOST + LENGTH + b"Expect: 100-continue\r\n\r\n"),
)
DRIPS = {
    "a head": GET + HOST + b"X-A: ",
    "a body": POST + HOST + LENGTH + END,
    "a chunk": POST + HOST + CHUNKED + END + b"fff\r\n",
    "an extension": POST + HOST + CHUNKED + END + b"5;",
}


async def wrong(tries: Iterable[tuple[str, object]]) -> list[str]:
    """The names of the tries that failed, with why; all at once."""
    names, running = zip(*tries, strict=True)
    came = await asyncio.gather(*running, return_exceptions=True)
    return [f"{name}: {error!r}" for name, error in zip(names, came, strict=True) if isinstance(error, BaseException)]


async def test_whoever_falls_silent_is_cut_off(ports: dict[str, int]) -> None:
    async def tried(port: int, silence: Silence) -> None:
        async with talk(port) as connection:
            await connection.send(silence.sent)
            for _ in range(silence.answers):
                answer = await connection.answer()
                assert answer is not None
                assert answer.status == 200
            await expect_end(connection, silence.status)

    tries = [(f"{name}: {case.name}", tried(port, case)) for name, port in ports.items() for case in SILENCES]
    assert not await wrong(tries)


async def test_whoever_sends_byte_by_byte_is_cut_off(ports: dict[str, int]) -> None:
    async def tried(port: int, sent: bytes) -> None:
        async with talk(port) as connection:
            await connection.send(sent)
            answering = asyncio.create_task(expect_end(connection, 408))
            while not (await asyncio.wait({answering}, timeout=0.1))[0]:
                await connection.send(b"a")
            await answering

    tries = [(f"{name}: {what}", tried(port, sent)) for name, port in ports.items() for what, sent in DRIPS.items()]
    assert not await wrong(tries)


async def expect_end(connection: Talk, status: int | None) -> None:
    answer = await connection.answer(b"POST")
    assert (answer.status if answer else None) == status
    if answer is not None:
        assert answer.problem["code"] == "request_timeout"
        assert await connection.ends()


async def test_requests_without_their_bodies_shut_nobody_out(ports: dict[str, int]) -> None:
    head = b"POST /api/v1/repairs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    body = b'{"subject": "Brakes", "message": "They squeak."}'
    async with AsyncExitStack() as stack:
        for _ in range(300):
            idle = await stack.enter_async_context(talk(ports["command"]))
            await idle.send(head % 10)

        for _ in range(10):
            async with talk(ports["command"]) as honest:
                await honest.send(head % len(body) + body)
                answer = await honest.answer(b"POST")
                assert answer is not None
                assert answer.status == 201


async def test_a_bulk_request_whose_body_does_not_arrive_is_never_answered_with_a_whole_200(
    ports: dict[str, int],
) -> None:
    async def tried(head: bytes, sent: bytes) -> Answer | None:
        async with talk(ports["command"]) as connection:
            await connection.send(BULK + head + END + sent)
            try:
                return await connection.answer(b"POST")
            except h11.RemoteProtocolError:  # cut within the answer
                return None

    small, large = b"Content-Length: 1000\r\n", b"Content-Length: 3000000\r\n"
    answers = await asyncio.gather(
        *(tried(head, sent) for head in (small, large, CHUNKED) for sent in (b"", END if head is CHUNKED else LINE))
    )
    assert [answer.status if answer else None for answer in answers[:3]] == [408, 408, 408]
    assert not [answer for answer in answers if answer is not None and answer.status == 200]


@pytest.mark.parametrize("service", ["command", "projector", "query"])
async def test_whoever_takes_no_answer_is_cut_off(ports: dict[str, int], service: str) -> None:
    page = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 100
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", ports[service]))
        client.setblocking(False)

        async def ask() -> None:
            while True:
                await loop.sock_sendall(client, page)

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(ask(), 60)
    assert (await live(ports[service])).status == 200


async def test_a_client_that_reads_only_when_it_has_sent_all_has_all_results(ports: dict[str, int]) -> None:
    lines = b"".join(b'{"command": "%d%b", "idempotency_key": "k"}\n' % (number, b"x" * 1000) for number in range(3000))
    request = BULK + b"Content-Length: %d\r\n\r\n" % len(lines) + lines
    async with talk(ports["command"]) as connection:
        connection.reading(False)
        await asyncio.wait_for(connection.send(request), 60)
        connection.reading(True)

        answer = await connection.answer(b"POST")

    assert answer is not None
    assert (answer.status, answer.body.count(b"\n")) == (200, 3000)
