"""Sends one request over many persistent connections for some seconds and prints the answers a second.

It is a process of its own and uses no HTTP library, so that the load costs little beside the measured server:
`python -m bench.http_load PORT SECONDS CONNECTIONS < request`.
"""

import asyncio
import sys
import time
from typing import cast

import uvloop

_END = b"\r\n\r\n"
_REFUSED = b"http/1.1 503"
"""An overloaded service refuses early: this answer is not counted, and the request is sent again."""


class _Connection(asyncio.Protocol):
    """Sends the request again whenever the answer is complete; answers must give their length."""

    def __init__(self, request: bytes, deadline: float, done: asyncio.Future[int]) -> None:
        self._request = request
        self._deadline = deadline
        self._done = done
        self._received = b""
        self._answers = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's transport does not declare its type
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(_END)
        if not end:
            return
        lowered = head.lower()
        length = int(lowered.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        if not lowered.startswith((b"http/1.1 200", b"http/1.1 201", _REFUSED)):
            self._done.set_exception(RuntimeError(self._received.decode(errors="replace")))
            self._transport.close()
            return
        self._received = b""
        self._answers += not lowered.startswith(_REFUSED)
        if time.perf_counter() < self._deadline:
            self._transport.write(self._request)
        else:
            self._done.set_result(self._answers)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(ConnectionError(f"the server closed the connection: {exc}"))


async def _load(port: int, seconds: float, connections: int, request: bytes) -> float:
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    counts: list[asyncio.Future[int]] = []
    for _ in range(connections):
        done: asyncio.Future[int] = loop.create_future()
        counts.append(done)
        await loop.create_connection(lambda d=done: _Connection(request, began + seconds, d), "127.0.0.1", port)  # type: ignore[misc]
    return sum(await asyncio.gather(*counts)) / (time.perf_counter() - began)


if __name__ == "__main__":
    port_, seconds_, connections_ = sys.argv[1:4]
    print(uvloop.run(_load(int(port_), float(seconds_), int(connections_), sys.stdin.buffer.read())))
