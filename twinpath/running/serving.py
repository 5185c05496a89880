"""How every service is served: uvicorn on uvloop behind our own border, a stop that drains within ten seconds."""

from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from twinpath.http.edge.answering import Answering
from twinpath.http.edge.connection import Connection
from twinpath.http.edge.rules import Gate, Rules
from twinpath.http.other_sites import OtherSites
from twinpath.http.settings import HttpSettings
from twinpath.running.garbage import collect_seldom

DRAIN_SECONDS = 8


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_stop()
        super().handle_exit(sig, frame)


def server(
    app: ASGIApp,
    port: int,
    settings: HttpSettings,
    on_stop: Callable[[], None] = lambda: None,
    streamed: frozenset[str] = frozenset(),
    gate: Gate | None = None,
) -> uvicorn.Server:
    """The server of this app, not running yet.

    `on_stop` ends answers that would last for ever, `streamed` are the paths that take bodies of any length, and `gate`
    says when there is too much to do. Pages of allowed sites may read whatever is answered, by whichever layer.
    """
    rules = Rules(settings, streamed, gate)
    config = uvicorn.Config(
        Answering(OtherSites(app, rules.shared) if rules.shared.origins else app),
        host=settings.host,
        port=port,
        loop="uvloop",
        http=type("ServiceConnection", (Connection,), {"rules": rules}),
        ws="none",
        log_config=None,  # its lines go the way of all others
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=24 * 3600,  # an idle connection is closed by ours
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    return _Server(config, on_stop)


def serve(
    app: ASGIApp,
    port: int,
    settings: HttpSettings,
    on_stop: Callable[[], None] = lambda: None,
    streamed: frozenset[str] = frozenset(),
    gate: Gate | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in hand; see `server`."""
    collect_seldom()
    server(app, port, settings, on_stop, streamed, gate).run()
