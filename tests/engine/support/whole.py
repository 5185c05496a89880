"""The whole workshop in one process, over HTTP, for tests that need no server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.engine.workshop.aftercare import Settings
from tests.engine.workshop.application import WORKSHOP
from tests.support.conforming import ConformingTransport
from twinpath.testing import InMemorySystem


@asynccontextmanager
async def whole_workshop(settings: Settings | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of both APIs, on in-memory adapters."""
    app = InMemorySystem(WORKSHOP, settings=settings).app
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=ConformingTransport(app), base_url="http://test") as client,
    ):
        yield client
