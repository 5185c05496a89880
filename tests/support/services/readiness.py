"""What a service's readiness said while something was broken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from deploy.local.services import Service
from tests.support.eventually import eventually


class Readiness:
    """Asks /health/ready again and again, as an orchestrator does, and remembers what was down."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._down: set[str] = set()
        self._last: set[str] | None = None

    def forget(self) -> None:
        """From now on only what is said from now on counts."""
        self._down.clear()

    async def said_down(self, dependency: str) -> None:
        """Wait until it has said that this dependency is down; before this was called counts too."""
        await eventually(lambda: self._has_said(dependency), limit=60)

    async def says_up(self, dependency: str) -> None:
        """Wait until it says that this dependency is up."""
        await eventually(lambda: self._says_up(dependency), limit=60)

    async def ask(self) -> None:
        """Ask until cancelled."""
        async with httpx.AsyncClient(base_url=self._service.url, timeout=10) as client:
            while True:
                try:
                    states = (await client.get("/health/ready")).json()["dependencies"]
                except httpx.TransportError:
                    self._last = None
                else:
                    self._last = {name for name, state in states.items() if state["status"] == "down"}
                    self._down |= self._last
                await asyncio.sleep(0.02)

    async def _has_said(self, dependency: str) -> bool:
        return dependency in self._down

    async def _says_up(self, dependency: str) -> bool:
        return self._last is not None and dependency not in self._last


@asynccontextmanager
async def watched(service: Service) -> AsyncIterator[Readiness]:
    """A service's readiness, looked at all the time."""
    readiness = Readiness(service)
    asking = asyncio.create_task(readiness.ask())
    yield readiness
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
