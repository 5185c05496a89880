"""The query service in this process, on the in-memory adapters or on any others, and a client of its live updates."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
from fastapi import FastAPI

from tests.support.eventually import eventually
from tests.support.ticket_views import NOON, TicketViews
from twinpath.http.causal_token import parse_token
from twinpath.queries.app import create_app
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import ViewCache, ViewReader

LIMIT = 10.0
"""Seconds that a test waits for what must come."""


@dataclass
class QueryService:
    """A running app, an HTTP client of it, and what writes its views."""

    app: FastAPI
    client: httpx.AsyncClient
    views: TicketViews

    async def get(self, path: str, headers: Mapping[str, str] | None = None, **query: object) -> httpx.Response:
        """GET under /api/v1."""
        parameters = {name: str(value) for name, value in query.items()}
        return await self.client.get(f"/api/v1{path}", headers=headers, params=parameters or None)

    async def has_heard(self, token: str = "") -> bool:
        """Whether it knows where the views are, and that they have reached this causal token."""
        positions = {log: at for (_, log), at in self.app.state.waits._known.items()}
        heard = all(positions.get(log, 0) >= at for log, at in parse_token(token).items()) if token else True
        return heard and self.app.state.views._cache._bounds._heard_at is not None

    @asynccontextmanager
    async def live(self, path: str, headers: Mapping[str, str] | None = None) -> AsyncIterator["LiveClient"]:
        """A subscription under /api/v1; leaving it is the client's disconnect."""
        client = LiveClient()
        task = asyncio.create_task(client.run(self.app, f"/api/v1{path}", headers or {}))
        try:
            yield client
        finally:
            client.disconnected.set()
            await asyncio.wait_for(task, LIMIT)


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
        elif message.get("body") or not message.get("more_body"):
            self._parts.put_nowait(message.get("body", b""))


@asynccontextmanager
async def serving(app: FastAPI, views: TicketViews) -> AsyncIterator[QueryService]:
    """The app within its lifespan, once it knows where the views are."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://q") as client:
        service = QueryService(app, client, views)
        await eventually(service.has_heard, pause=0)
        yield service


@asynccontextmanager
async def running(reader: ViewReader, cache: ViewCache, views: TicketViews, wait: float) -> AsyncIterator[QueryService]:
    """The app on these adapters; `wait` is the longest causal wait in seconds. Its clock stands at NOON."""
    async with serving(create_app(reader, cache, causal_wait_seconds=wait, clock=lambda: NOON), views) as service:
        yield service


@asynccontextmanager
async def in_memory(wait: float = LIMIT) -> AsyncIterator[QueryService]:
    """The app on the in-memory adapters."""
    store, cache = InMemoryViewStore(), InMemoryViewCache()
    views = TicketViews(store, cache)
    await views.prepare()
    async with running(store, cache, views, wait) as service:
        yield service
