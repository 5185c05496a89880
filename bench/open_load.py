"""Sends requests at a fixed rate, whether or not answers come, and prints the outcome as JSON.

A time is counted from the moment the request was due, so it includes the wait for a free connection. It is a process
of its own and uses no HTTP library, so that the load costs little beside the measured server. Several requests, with a
zero byte between them, are sent in turn: `python -m bench.open_load PORT SECONDS RATE CONNECTIONS < requests`.
"""

import asyncio
import itertools
import json
import sys
from collections import deque
from collections.abc import Sequence
from time import perf_counter
from typing import cast

import uvloop

SEPARATOR = b"\0"
"""Between two requests."""
_END = b"\r\n\r\n"
_PATIENCE_SECONDS = 10.0


class _Load:
    """The connections, and the requests that are due."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self.requests = itertools.cycle(requests)
        self.idle: deque[_Connection] = deque()
        self.due: deque[float] = deque()
        self.accepted: list[float] = []
        self.in_time = 0
        """Accepted while the load lasted."""
        self.ends = 0.0
        self.refused: list[float] = []

    def ask(self, due: float) -> None:
        """Send a request, or keep it for the next connection that is free."""
        if self.idle:
            self.idle.popleft().send(due)
        else:
            self.due.append(due)

    def answered(self, connection: "_Connection", due: float, head: bytes) -> None:
        """Note an answer, and give the connection its next request."""
        took = perf_counter() - due
        if head.startswith((b"http/1.1 200", b"http/1.1 201")):
            self.accepted.append(took)
            self.in_time += due + took < self.ends
        elif head.startswith(b"http/1.1 503"):
            self.refused.append(took)
        if self.due:
            connection.send(self.due.popleft())
        else:
            self.idle.append(connection)


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


async def _play(
    port: int, seconds: float, rate: float, connections: int, requests: Sequence[bytes]
) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    load = _Load(requests)
    for _ in range(connections):
        await loop.create_connection(lambda: _Connection(load), "127.0.0.1", port)
    began = perf_counter()
    load.ends = began + seconds
    sent = 0
    while (now := perf_counter() - began) < seconds:
        while sent < now * rate:
            load.ask(began + sent / rate)
            sent += 1
        await asyncio.sleep(0.001)
    asked = perf_counter()
    while len(load.idle) < connections and perf_counter() - asked < _PATIENCE_SECONDS:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return {
        "accepted": len(load.accepted),
        "goodput": load.in_time / seconds,
        "p50": _at(load.accepted, 0.5),
        "p99": _at(load.accepted, 0.99),
        "refused": len(load.refused) / sent,
        "refused_p99": _at(load.refused, 0.99),
        "failed": sent - len(load.accepted) - len(load.refused),
    }


if __name__ == "__main__":
    port_, seconds_, rate_, connections_ = sys.argv[1:5]
    requests_ = sys.stdin.buffer.read().split(SEPARATOR)
    print(json.dumps(uvloop.run(_play(int(port_), float(seconds_), float(rate_), int(connections_), requests_))))
