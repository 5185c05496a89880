"""How every service is served: uvicorn on uvloop, logs in one form, a stop that drains within ten seconds."""

import logging
import sys
from collections.abc import Callable
from types import FrameType

import structlog
import uvicorn
from starlette.types import ASGIApp
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer

DRAIN_SECONDS = 8
# a traceback shows no variables: what customers wrote must not get into a log
_TRACEBACKS = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
_CONSOLE = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def configure_logs() -> None:
    """Readable lines on a terminal, JSON elsewhere; libraries' own logs from WARNING on, in the same stream."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    pretty = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if pretty else [_TRACEBACKS]),
            _CONSOLE if pretty else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_stop()
        super().handle_exit(sig, frame)


def serve(app: ASGIApp, host: str, port: int, on_stop: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in hand; `on_stop` ends answers that would last for ever."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    _Server(config, on_stop).run()
