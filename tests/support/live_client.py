"""A client of live updates: an ASGI client that sees the parts of an answer as they are sent."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from fastapi import FastAPI

LIMIT = 10.0
"""Seconds that a test waits for what must come."""


@dataclass
class Event:
    """One Server-Sent Event."""

    name: str
    data: Any
    id: str | None


@dataclass
class LiveClient:
    """An ASGI client that sees the parts of an answer as they are sent; httpx's waits for the whole of it."""

    disconnected: asyncio.Event = field(default_factory=asyncio.Event)
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    _parts: "asyncio.Queue[bytes]" = field(default_factory=asyncio.Queue)

    async def run(self, app: FastAPI, target: str, headers: Mapping[str, str]) -> None:
        """Serve one request until it ends."""
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
        await app(scope, self._receive, self._send)

    async def next(self) -> Event:
        """The next event, heartbeats left out. Raises TimeoutError after LIMIT seconds."""
        while True:
            part = await asyncio.wait_for(self._parts.get(), LIMIT)
            if not part.startswith(b":"):
                break
        lines = dict(line.split(": ", 1) for line in part.decode().splitlines() if line)
        return Event(lines["event"], orjson.loads(lines["data"]), lines.get("id"))

    async def ended(self) -> None:
        """Wait until the service has ended the answer."""
        while await asyncio.wait_for(self._parts.get(), LIMIT):
            pass

    async def _receive(self) -> dict[str, Any]:
        await self.disconnected.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        elif message.get("body") or not message.get("more_body"):
            self._parts.put_nowait(message.get("body", b""))


@asynccontextmanager
async def listening(app: FastAPI, path: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[LiveClient]:
    """A subscription under /api/v1; leaving it is the client's disconnect."""
    client = LiveClient()
    task = asyncio.create_task(client.run(app, f"/api/v1{path}", headers or {}))
    try:
        yield client
    finally:
        client.disconnected.set()
        await asyncio.wait_for(task, LIMIT)
