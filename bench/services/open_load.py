"""Sends requests over many connections from a process of its own: at a fixed rate, or as fast as answers come.

At a fixed rate a time is counted from the moment the request was due, so it includes the wait for a free connection. No
HTTP library is used, so that the load costs little beside the measured server.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import cast
from urllib.parse import urlsplit

import orjson
import uvloop

from bench.measuring import NO_SETTINGS, in_process
from bench.sizes import Sizes

BODY = orjson.dumps({"subject": "Parcel has not arrived", "message": "x" * 100})
CONNECTIONS = 800
_END = b"\r\n\r\n"
_PATIENCE_SECONDS = 10.0


def as_bytes(method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = NO_SETTINGS) -> bytes:
    """The bytes of a request on the wire."""
    head = f"{method} {path} HTTP/1.1\r\nHost: twinpath\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


POST_A_TICKET = as_bytes("POST", "/api/v1/tickets", BODY)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a load: accepted requests in all and a second, times in ms, `refused` as a share of all."""

    accepted: int
    goodput: float
    p50: float
    p99: float
    refused: float
    refused_p99: float
    failed: int


def open_load(
    url: str, rate: float, seconds: float, connections: int = CONNECTIONS, requests: Sequence[bytes] = (POST_A_TICKET,)
) -> Outcome:
    """Send the requests in turn at this rate a second, whether or not answers come."""
    return in_process(_played, url, rate, seconds, connections, requests)


def closed_load(url: str, request: bytes, sizes: Sizes) -> float:
    """Answers a second when every connection sends again at once; an early refusal (503) is not counted.

    Raises:
        RuntimeError: a request failed.
    """
    outcome = in_process(_played, url, None, sizes.seconds, sizes.callers, (request,))
    if outcome.failed:
        raise RuntimeError(f"{outcome.failed} requests failed: {request[:80]!r}")
    return outcome.goodput


class _Load:
    """The connections, and the requests that are due."""

    def __init__(self, requests: Sequence[bytes], closed: bool) -> None:
        self.requests = itertools.cycle(requests)
        self.closed = closed
        self.idle: deque[_Connection] = deque()
        self.due: deque[float] = deque()
        self.accepted: list[float] = []
        self.in_time = 0
        """Accepted while the load lasted."""
        self.ends = 0.0
        self.asked = 0
        self.refused: list[float] = []

    def ask(self, due: float) -> None:
        """Send a request, or keep it for the next connection that is free."""
        self.asked += 1
        if self.idle:
            self.idle.popleft().send(due)
        else:
            self.due.append(due)

    def answered(self, connection: "_Connection", due: float, head: bytes) -> None:
        """Note an answer, and give the connection its next request."""
        now = perf_counter()
        if head.startswith((b"http/1.1 200", b"http/1.1 201")):
            self.accepted.append(now - due)
            self.in_time += now < self.ends
        elif head.startswith(b"http/1.1 503"):
            self.refused.append(now - due)
        if self.due:
            connection.send(self.due.popleft())
            return
        self.idle.append(connection)
        if self.closed and now < self.ends:
            self.ask(now)


class _Connection(asyncio.Protocol):
    """One request at a time; answers must give their length."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._received = b""
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's transport does not declare its type
        self._load.idle.append(self)

    def send(self, due: float) -> None:
        self._due = due
        self._transport.write(next(self._load.requests))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(_END)
        if end:
            head = head.lower()
            if len(body) >= int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]):
                self._received = b""
                self._load.answered(self, self._due, head)


def _at(times: Sequence[float], share: float) -> float:
    """The time, in milliseconds, that this share of them does not exceed."""
    ordered = sorted(times)
    return 1000 * ordered[min(len(times) - 1, int(share * len(times)))] if times else 0.0


def _played(url: str, rate: float | None, seconds: float, connections: int, requests: Sequence[bytes]) -> Outcome:
    return uvloop.run(_play(urlsplit(url).port or 80, rate, seconds, connections, requests))


async def _play(port: int, rate: float | None, seconds: float, connections: int, requests: Sequence[bytes]) -> Outcome:
    loop = asyncio.get_running_loop()
    load = _Load(requests, closed=rate is None)
    for _ in range(connections):
        await loop.create_connection(lambda: _Connection(load), "127.0.0.1", port)
    began = perf_counter()
    load.ends = began + seconds
    for _ in range(connections if rate is None else 0):
        load.ask(began)
    while (now := perf_counter() - began) < seconds:
        while rate is not None and load.asked < now * rate:
            load.ask(began + load.asked / rate)
        await asyncio.sleep(0.001)
    asked = perf_counter()
    while len(load.idle) < connections and perf_counter() - asked < _PATIENCE_SECONDS:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return Outcome(
        accepted=len(load.accepted),
        goodput=load.in_time / seconds,
        p50=_at(load.accepted, 0.5),
        p99=_at(load.accepted, 0.99),
        refused=len(load.refused) / load.asked,
        refused_p99=_at(load.refused, 0.99),
        failed=load.asked - len(load.accepted) - len(load.refused),
    )
