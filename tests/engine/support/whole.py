"""The whole workshop in one process, over HTTP, for tests that need no server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.engine.workshop.application import WORKSHOP
from twinpath.testing import InMemorySystem


@asynccontextmanager
async def whole_workshop() -> AsyncIterator[httpx.AsyncClient]:
    """A client of both APIs, on in-memory adapters."""
    app = InMemorySystem(WORKSHOP).app
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        yield client
