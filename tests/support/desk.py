"""The whole shop in one process, over HTTP, for tests that need no server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from twinpath.testing.in_memory import Embedded


@asynccontextmanager
async def embedded_desk(embedded: Embedded | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of both APIs, on in-memory adapters; of this system where it is given."""
    app = (embedded or Embedded()).app
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        yield client
