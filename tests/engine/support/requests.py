"""A request sent straight into an ASGI app: its body in chosen parts, its headers and its reading as the test likes."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.types import ASGIApp, Message

LIMIT = 20.0
"""Seconds that a test waits for what must come."""


@dataclass
class Asked:
    """A request and what was answered. With `reads_late` the client takes nothing of it before `reads` is set."""

    method: str
    target: str
    headers: Sequence[tuple[str, str | bytes]] = ()
    parts: Iterable[bytes] = (b"",)
    goes_away: bool = False
    """Instead of ending its body."""
    reads_late: bool = False
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    sent_all: asyncio.Event = field(default_factory=asyncio.Event)
    raw_path: str = ""
    """As the client wrote it, where that differs."""
    status: int = 0
    got: list[tuple[str, str]] = field(default_factory=list)
    content: bytearray = field(default_factory=bytearray)
    complete: bool = False

    def __post_init__(self) -> None:
        if not self.reads_late:
            self.reads.set()
        self._parts = iter(self.parts)

    async def of(self, app: ASGIApp) -> "Asked":
        """Serve it; an answer that takes longer than LIMIT raises TimeoutError."""
        path, _, query = self.target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": path,
            "raw_path": (self.raw_path or path).encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [
                (name.lower().encode(), value if isinstance(value, bytes) else value.encode("latin-1"))
                for name, value in (("host", "test"), *self.headers)
            ],
            "client": ("127.0.0.1", 5000),
            "server": ("test", 80),
        }
        async with asyncio.timeout(LIMIT):
            await app(scope, self._receive, self._send)
        return self

    def header(self, name: str) -> str | None:
        """The value of a header of the answer; several are joined by commas."""
        values = [value for other, value in self.got if other == name.lower()]
        return ", ".join(values) if values else None

    @property
    def json(self) -> Any:
        """The body of the answer."""
        return orjson.loads(self.content)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of an answer of NDJSON."""
        return [orjson.loads(line) for line in self.content.splitlines()]

    async def _receive(self) -> Message:
        part = next(self._parts, None)
        if part is not None:
            await asyncio.sleep(0)
            return {"type": "http.request", "body": part, "more_body": True}
        if self.sent_all.is_set():
            await asyncio.Event().wait()
        self.sent_all.set()
        if self.goes_away:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: Message) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.got = [(name.decode().lower(), value.decode("latin-1")) for name, value in message["headers"]]
        else:
            self.content += message.get("body", b"")
            self.complete = not message.get("more_body", False)
