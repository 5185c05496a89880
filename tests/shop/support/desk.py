"""The whole shop in one process, over HTTP, for tests that need no server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from deploy.shop import SHOP
from tests.support.conforming import ConformingTransport
from twinpath.testing import InMemorySystem


@asynccontextmanager
async def embedded_desk(embedded: InMemorySystem | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of both APIs, on in-memory adapters; of this system where it is given.

    An answer comes when processes have done what follows from the request, so that a test sees their effect.
    """
    system = embedded or InMemorySystem(SHOP)

    async def settled(_: httpx.Response) -> None:
        await system.settled()

    async with (
        system.app.router.lifespan_context(system.app),
        httpx.AsyncClient(transport=ConformingTransport(system.app), base_url="http://test") as client,
    ):
        client.event_hooks = {"response": [settled]}
        yield client
