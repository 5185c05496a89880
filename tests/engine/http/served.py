"""An app behind the real server, in this process."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from tests.support.eventually import eventually
from twinpath.commands.app import STREAMED
from twinpath.http.edge.rules import Gate
from twinpath.http.settings import HttpSettings
from twinpath.running import serving


@dataclass
class Served:
    """Where it listens, and its end."""

    port: int
    server: uvicorn.Server
    running: asyncio.Task[None]

    def stop(self) -> None:
        """Begin to end, as a signal does."""
        self.server.should_exit = True


@asynccontextmanager
async def served(app: Any, settings: HttpSettings | None = None, gate: Gate | None = None) -> AsyncIterator[Served]:
    """The app for as long as the block lasts, after which it must end by itself."""
    listening = socket.create_server(("127.0.0.1", 0))
    on_stop = getattr(app.state, "stop", lambda: None)
    server = serving.server(app, 0, settings or HttpSettings(), on_stop, STREAMED, gate)
    running = asyncio.create_task(server.serve([listening]))

    async def started() -> bool:
        return server.started

    await eventually(started)
    try:
        yield Served(listening.getsockname()[1], server, running)
    finally:
        on_stop()
        server.should_exit = True
        await running
