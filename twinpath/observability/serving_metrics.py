"""Puts metrics into an app: the route `/metrics`, the requests of its API, the lag of its event loop."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import perf_counter
from typing import Any

import structlog
from fastapi.telemetry import TelemetryConfig
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from twinpath.identity.authentication import need
from twinpath.identity.permissions import METRICS
from twinpath.observability.metrics import Histogram, Metrics

NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
"""For FastAPI's own, in whose place ours stand. It would ask the environment for providers with every request, and log
what was sent."""

_API = "/api/v1"
_log = structlog.get_logger(__name__)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LOOP_SECONDS = 0.25


def install_metrics(app: Starlette, metrics: Metrics) -> None:
    """Serve `/metrics` to callers with the permission METRICS; while the app runs, watch its event loop.

    `app.state.metrics` are the metrics.
    """

    async def show(request: Request) -> Response:
        need(request.scope, METRICS)
        text, content_type = await metrics.exposition(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": content_type})

    app.state.metrics = metrics
    app.router.routes.append(Route("/metrics", show))
    of_app = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: Any) -> AsyncIterator[Any]:
        watching = asyncio.create_task(_watch_loop(metrics.event_loop), name="watch the event loop")
        try:
            async with of_app(running) as state:
                yield state
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    app.router.lifespan_context = lifespan


async def _watch_loop(lags: Histogram) -> None:
    while True:
        due = perf_counter() + _LOOP_SECONDS  # the loop's own clock stands still while it is busy
        await asyncio.sleep(_LOOP_SECONDS)
        lags.observe((), max(0.0, perf_counter() - due))


class HttpRequests:
    """Hears of each answer and counts those below `/api/v1`.

    `route` is what follows, as it is written in the code: `/orders/{order_id}`; a path that no route takes is
    `unmatched`.
    """

    def __init__(self, durations: Histogram) -> None:
        self._observe = durations.observe
        self._is_told = _log.is_enabled_for(logging.DEBUG)

    def __call__(self, scope: Scope, status: int, seconds: float) -> None:
        if scope["path"].startswith(_API):
            method = scope["method"]
            route = getattr(scope.get("route"), "path", "").removeprefix(_API) or "unmatched"
            labels = (method if method in _METHODS else "other", route, str(status))
            self._observe(labels, seconds)
            if self._is_told:
                _log.debug("request", method=labels[0], route=route, status=status, seconds=round(seconds, 6))
