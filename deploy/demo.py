"""Serves the whole shop from one process with no server, until Ctrl-C: `make demo`, or `make demo PORT=9000`."""

import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from fastapi import FastAPI

from deploy.issuer.provider import ALGORITHM, AUDIENCE, Memory
from deploy.issuer.serving import PORT as ISSUER_PORT
from deploy.issuer.serving import beside, customers_of
from deploy.local.ports import HOST
from deploy.local.services import PUBLIC
from deploy.sample import SampleClock, client_within, play_sample
from deploy.shop import SHOP
from shared.roles import ROLES
from twinpath.commands.app import STREAMED
from twinpath.http.settings import HttpSettings
from twinpath.identity.access_tokens import AccessTokens, TokenRules
from twinpath.identity.authentication import OPEN, Authentication
from twinpath.identity.signing_keys import SigningKeys
from twinpath.observability.logs import configure_logs
from twinpath.running.serving import serve
from twinpath.testing import InMemorySystem


def demo(
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535, help="the port to listen on")] = 8000,
    issuer_port: Annotated[int, typer.Option(min=1, max=65535, help="the development issuer's")] = ISSUER_PORT,
    sample: Annotated[bool, typer.Option(help="begin with the sample shop")] = True,
) -> None:
    """Serve both APIs of the shop from one process. Nothing is kept."""
    configure_logs("demo", "warning")
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()
        sys.exit(f"port {port} can't be used: {why}. Another one: make demo PORT=9000")
    memory = Memory()
    try:
        with beside(issuer_port, memory) as issuer:
            print(f"Twinpath in one process, nothing is kept: http://{HOST}:{port}/docs (Ctrl-C stops it)", flush=True)
            print("An access token: TOKEN=$(.venv/bin/twinpath token --as agent)", flush=True)
            app = system_app(sample, authentication_by(issuer), memory)
            serve(app, port, HttpSettings(host=HOST), on_stop=app.state.stop, streamed=STREAMED)
    except OSError as error:
        sys.exit(f"the issuer's port {issuer_port} can't be used: {os.strerror(error.errno or 0).lower()}")


def authentication_by(issuer: str) -> Authentication:
    """Knows callers by the tokens of the development issuer at this URL."""
    signing = SigningKeys(issuer)
    tokens = AccessTokens(TokenRules(issuer, AUDIENCE, (ALGORITHM,), roles=ROLES), signing)
    return Authentication(tokens, public=frozenset(PUBLIC.split(",")), signing=signing)


def system_app(sample: bool, authentication: Authentication = OPEN, memory: Memory | None = None) -> FastAPI:
    """The app of the system in memory, which begins with the sample or empty; the issuer learns who is a customer."""
    clock = SampleClock()
    system = InMemorySystem(SHOP, clock, authentication=authentication)
    inner = system.app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with inner(app):
            if sample:
                await play_sample(system, clock)
                if memory is not None:
                    async with client_within(system) as client:
                        await customers_of(client, memory.introduce)
            yield
            await authentication.close()

    system.app.router.lifespan_context = lifespan
    return system.app


if __name__ == "__main__":
    typer.run(demo)
