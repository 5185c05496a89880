"""Where a client is: its own address, or what a gateway that is trusted says; never what the client says."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from twinpath.http.settings import HttpSettings
from twinpath.running import serving


@asynccontextmanager
async def served(trusted: str) -> AsyncIterator[str]:
    """The address of a server that tells each client where it is."""

    async def tell(request: Request) -> Response:
        assert request.client is not None
        return PlainTextResponse(request.client.host)

    listening = socket.create_server(("127.0.0.1", 0))
    server = serving.server(Starlette(routes=[Route("/", tell)]), 0, HttpSettings(trusted_proxies=trusted))
    running = asyncio.create_task(server.serve([listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await running


@pytest.mark.parametrize(
    ("trusted", "forwarded", "client"),
    [
        ("", "203.0.113.7", "127.0.0.1"),
        ("10.0.0.0/8", "203.0.113.7", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.0/8, 127.0.0.0/8", "198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("127.0.0.1", None, "127.0.0.1"),
    ],
)
async def test_only_a_trusted_gateway_says_where_a_client_is(trusted: str, forwarded: str | None, client: str) -> None:
    async with served(trusted) as url, httpx.AsyncClient() as http:
        headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}

        assert (await http.get(url, headers=headers)).text == client


@pytest.mark.parametrize("trusted", ["*", "10.0.0.0/8, *", "gateway.example.com", "10.0.0.1/8", "10.0.0.0/33"])
def test_who_could_be_anybody_is_no_gateway(trusted: str) -> None:
    """Else each client would say which address its requests are counted for."""
    with pytest.raises(ValidationError, match="is no address and no network"):
        HttpSettings(trusted_proxies=trusted)
