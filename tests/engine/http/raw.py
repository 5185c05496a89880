"""Talks to a server in bytes, and reads its answers with a strict parser, which refuses what is no HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import h11
import orjson

_SECONDS = 10.0
PROBE = b"GET /health/live HTTP/1.1\r\nHost: probe\r\n\r\n"


@dataclass
class Answer:
    """A final answer; `asked` counts the 100 Continue before it."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    asked: int = 0

    @property
    def problem(self) -> dict[str, Any]:
        """The body of an error."""
        assert self.headers.get("content-type") == "application/problem+json", (self.status, self.headers, self.body)
        return dict(orjson.loads(self.body))


@dataclass
class Talk:
    """A connection in use."""

    port: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    _rest: bytes = field(default=b"")

    async def send(self, *packets: bytes) -> None:
        """Send these, each only when the server has seen the one before."""
        for number, packet in enumerate(packets):
            if number:
                await live(self.port)
            try:
                self.writer.write(packet)
                await self.writer.drain()
            except ConnectionError:  # it refused what came before; the answer can still be read
                return

    async def answer(self, method: bytes = b"GET") -> Answer | None:
        """The next answer, or None where the connection ends instead. Raises RemoteProtocolError."""
        parser = h11.Connection(h11.CLIENT)
        parser.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
        parser.send(h11.EndOfMessage())
        if self._rest:
            parser.receive_data(self._rest)
        answer, asked = None, 0
        while True:
            event = parser.next_event()
            match event:
                case h11.NEED_DATA:
                    received = await self._receive()
                    if not received and answer is None:
                        return None
                    parser.receive_data(received)
                case h11.InformationalResponse():
                    asked += 1
                case h11.Response():
                    headers = {name.decode().lower(): value.decode("latin-1") for name, value in event.headers}
                    answer = Answer(event.status_code, headers, asked=asked)
                    if headers.get("content-type", "").startswith("text/event-stream"):
                        return answer  # endless
                case h11.Data():
                    assert answer is not None
                    answer.body += bytes(event.data)
                case h11.EndOfMessage():
                    assert answer is not None
                    self._rest, _ = parser.trailing_data
                    return answer
                case _:
                    raise AssertionError(event)

    async def ends(self) -> bool:
        """Whether the server closes without another byte."""
        return self._rest + await self._receive() == b""

    async def ends_within(self, seconds: float) -> bool:
        """Whether the server closes, or sends anything, in this time."""
        try:
            self._rest += await asyncio.wait_for(self.reader.read(65536), seconds)
        except TimeoutError:
            return False
        return True

    async def goes_on(self) -> bool:
        """Whether the next answer is that to a request sent now."""
        await self.send(PROBE)
        answer = await self.answer()
        return answer is not None and answer.status == 200 and answer.body == b'{"status":"live"}'

    def reading(self, reads: bool) -> None:
        """Whether what the server sends is taken from the network."""
        transport = self.writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        if reads:
            transport.resume_reading()
        else:
            transport.pause_reading()

    async def _receive(self) -> bytes:
        try:
            return await asyncio.wait_for(self.reader.read(65536), _SECONDS)
        except ConnectionResetError:
            return b""


@asynccontextmanager
async def talk(port: int, client: str = "127.0.0.1") -> AsyncIterator[Talk]:
    """A new connection from this address, gone at once at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24, local_addr=(client, 0))
    try:
        yield Talk(port, reader, writer)
    finally:
        writer.transport.abort()


async def live(port: int) -> Answer:
    """The answer to a request of its own; the server's loop has turned then."""
    async with talk(port) as probe:
        await probe.send(PROBE)
        answer = await probe.answer()
    assert answer is not None
    return answer
