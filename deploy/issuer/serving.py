"""Serves the development issuer, in a process of its own or in a thread of another; and tells it who is a customer."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import httpx
from werkzeug.serving import BaseWSGIServer, make_server

from deploy.issuer.app import create_app
from deploy.issuer.people import PEOPLE
from deploy.issuer.provider import Memory

PORT = 8003


def served(
    port: int = PORT, memory: Memory | None = None, issuer: str | None = None, host: str = "127.0.0.1", inside: str = ""
) -> BaseWSGIServer:
    """The server, listening on this port; `serve_forever` answers. Raises OSError."""
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain HTTP, which Authlib takes for development alone
    return make_server(host, port, create_app(issuer or f"http://127.0.0.1:{port}", memory, inside), threaded=True)


@contextmanager
def beside(port: int, memory: Memory) -> Iterator[str]:
    """Serve in a thread for as long as the block lasts; the issuer's URL. Raises OSError."""
    server = served(port, memory)
    serving = Thread(target=server.serve_forever, name="issuer", daemon=True)
    serving.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        serving.join()


async def customers_of(client: httpx.AsyncClient, kept: Callable[[str, str], None]) -> bool:
    """Find the sample people who are customers, by their addresses, and hand on each address with the id.

    `client` reaches the query service as somebody who may read all customers. Returns whether all were found.
    """
    wanted = {person.email for person in PEOPLE.values() if person.email}
    path: str | None = "/api/v1/customers?limit=100"
    while wanted and path:
        page = (await client.get(path)).raise_for_status()
        for customer in page.json()["items"]:
            if customer["email"] in wanted:
                wanted.remove(customer["email"])
                kept(customer["email"], customer["customer_id"])
        path = page.links.get("next", {}).get("url")
    return not wanted
