"""Serves the whole shop from one process with no server, until Ctrl-C: `make demo`, or `make demo PORT=9000`."""

import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from fastapi import FastAPI

from deploy.local.ports import HOST
from deploy.sample import SampleClock, play_sample
from deploy.shop import SHOP
from twinpath.commands.app import STREAMED
from twinpath.http.settings import HttpSettings
from twinpath.observability.logs import configure_logs
from twinpath.running.serving import serve
from twinpath.testing import InMemorySystem


def demo(
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535, help="the port to listen on")] = 8000,
    sample: Annotated[bool, typer.Option(help="begin with the sample shop")] = True,
) -> None:
    """Serve both APIs of the shop from one process. Nothing is kept."""
    configure_logs("demo", "warning")
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()
        sys.exit(f"port {port} can't be used: {why}. Another one: make demo PORT=9000")
    print(f"Twinpath in one process, nothing is kept: http://{HOST}:{port}/docs (Ctrl-C stops it)", flush=True)
    app = system_app(sample)
    serve(app, port, HttpSettings(host=HOST), on_stop=app.state.stop, streamed=STREAMED)


def system_app(sample: bool) -> FastAPI:
    """The app of the system in memory, which begins with the sample or empty."""
    clock = SampleClock()
    system = InMemorySystem(SHOP, clock)
    inner = system.app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with inner(app):
            if sample:
                await play_sample(system, clock)
            yield

    system.app.router.lifespan_context = lifespan
    return system.app


if __name__ == "__main__":
    typer.run(demo)
