"""The whole shop in this process at an address on loopback, with the sample: for browsers and generated clients."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from deploy.demo import system_app
from tests.support.eventually import eventually_now
from twinpath.identity.authentication import OPEN, Authentication


@contextmanager
def served_shop(authentication: Authentication = OPEN) -> Iterator[str]:
    """Its address, as in `http://127.0.0.1:40123`."""
    app = system_app(sample=True, authentication=authentication)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", log_config=None))
    thread = threading.Thread(target=server.run, name="the shop")
    thread.start()
    try:
        eventually_now(lambda: server.started)
        [listening] = server.servers[0].sockets
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        app.state.stop()
        server.should_exit = True
        thread.join(timeout=20)
