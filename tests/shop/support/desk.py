"""The whole shop in one process, over HTTP, for tests that need no server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from deploy.shop import SHOP
from twinpath.testing import InMemorySystem


@asynccontextmanager
async def embedded_desk(embedded: InMemorySystem | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of both APIs, on in-memory adapters; of this system where it is given."""
    app = (embedded or InMemorySystem(SHOP)).app
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        yield client
