"""The query service in this process, on the in-memory adapters or on any others, and a client of its live updates."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import httpx
from fastapi import FastAPI

from tests.support.eventually import eventually
from tests.support.live_client import LIMIT, LiveClient, listening
from tests.support.written_views import NOON, WrittenViews
from twinpath.domain.application import Application
from twinpath.http.causal_token import parse_token
from twinpath.queries.app import create_app
from twinpath.views.history import HISTORY
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import ViewCache, ViewReader

_Views = TypeVar("_Views", bound=WrittenViews)


@dataclass
class QueryService(Generic[_Views]):
    """A running app, an HTTP client of it, and what writes its views."""

    app: FastAPI
    client: httpx.AsyncClient
    views: _Views

    async def get(self, path: str, headers: Mapping[str, str] | None = None, **query: object) -> httpx.Response:
        """GET under /api/v1."""
        parameters = {name: str(value) for name, value in query.items()}
        return await self.client.get(f"/api/v1{path}", headers=headers, params=parameters or None)

    async def has_heard(self, token: str = "") -> bool:
        """Whether it knows where the views are, and that they have reached this causal token."""
        positions = self.app.state.queries.waits.heard.positions(HISTORY.name)
        heard = all(positions.get(log, 0) >= at for log, at in parse_token(token).items()) if token else True
        return heard and self.app.state.queries.views._cache._bounds._heard_at is not None

    def live(self, path: str, headers: Mapping[str, str] | None = None) -> AbstractAsyncContextManager[LiveClient]:
        """A subscription under /api/v1; leaving it is the client's disconnect."""
        return listening(self.app, path, headers)


@asynccontextmanager
async def serving(app: FastAPI, views: _Views) -> AsyncIterator[QueryService[_Views]]:
    """The app within its lifespan, once it knows where the views are."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://q") as client:
        service = QueryService(app, client, views)
        await eventually(service.has_heard, pause=0)
        yield service


@asynccontextmanager
async def running(
    application: Application, reader: ViewReader, cache: ViewCache, views: _Views, wait: float
) -> AsyncIterator[QueryService[_Views]]:
    """The app on these adapters; `wait` is the longest causal wait in seconds. Its clock stands at NOON."""
    async with serving(
        create_app(reader, cache, application, causal_wait_seconds=wait, clock=lambda: NOON), views
    ) as service:
        yield service


@asynccontextmanager
async def in_memory(
    application: Application, kind: type[_Views], wait: float = LIMIT
) -> AsyncIterator[QueryService[_Views]]:
    """The app on the in-memory adapters."""
    store, cache = InMemoryViewStore(), InMemoryViewCache()
    views = kind(store, cache)
    await views.prepare()
    async with running(application, store, cache, views, wait) as service:
        yield service
