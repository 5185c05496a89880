"""How every service is served: uvicorn on uvloop, a stop that drains within ten seconds."""

import asyncio
from collections.abc import Callable
from types import FrameType
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

from twinpath.running.garbage import collect_seldom

DRAIN_SECONDS = 8


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_stop()
        super().handle_exit(sig, frame)


def serve(
    app: ASGIApp,
    host: str,
    port: int,
    on_stop: Callable[[], None] = lambda: None,
    http: type[asyncio.Protocol] | Literal["httptools"] = "httptools",
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in hand; `on_stop` ends answers that would last for ever.

    `http` is the protocol below ASGI.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=http,
        log_config=None,  # its lines go the way of all others
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    collect_seldom()
    _Server(config, on_stop).run()
