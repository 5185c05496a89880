"""Thousands of queries that wait for causal tokens at once, each on a connection of its own."""

import asyncio
import resource
import time
from collections.abc import Sequence
from typing import cast
from urllib.parse import urlsplit

_AT_ONCE = 200
"""Connections that are opened at the same time: the backlog of a listening socket is limited."""
_SPARE_FILES = 500


class TooFewFiles(RuntimeError):
    """The limit of open files is below the number of connections."""


def allow_connections(count: int) -> None:
    """Allow this process and its children `count` connections. Raises TooFewFiles."""
    needed = count + _SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise TooFewFiles(f"{needed} open files are needed, and {hard} allowed: raise `ulimit -Hn`")
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


class Waiting(asyncio.Protocol):
    """Sends a request; `answered` is the time at which the answer began, or an error unless its status is 200."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's transport does not declare its type
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self.answered.done():
            if data.startswith(b"HTTP/1.1 200"):
                self.answered.set_result(time.perf_counter())
            else:
                self.answered.set_exception(RuntimeError(data.decode(errors="replace")))
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answered.done():
            self.answered.set_exception(ConnectionError(f"closed without an answer: {exc}"))


async def open_waits(url: str, path: str, tokens: Sequence[str]) -> list[Waiting]:
    """Open a query for the path with every token; the waits come in the order of the tokens."""
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    host, port = address.hostname, address.port
    loop = asyncio.get_running_loop()

    async def open_wait(token: str) -> Waiting:
        request = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nCausal-Token: {token}\r\n\r\n".encode()
        _, waiting = await loop.create_connection(lambda: Waiting(request), host, port)
        return waiting

    opened: list[Waiting] = []
    for start in range(0, len(tokens), _AT_ONCE):
        opened += await asyncio.gather(*map(open_wait, tokens[start : start + _AT_ONCE]))
    return opened
