"""Answers for a service that has not started yet."""

from starlette.types import ASGIApp, Receive, Scope, Send

from twinpath.http.problem_details import problem
from twinpath.running.starting import Start


class RefusedUntilStarted:
    """ASGI middleware: 503 to everything but health and metrics as long as the service has not started."""

    def __init__(self, app: ASGIApp, start: Start) -> None:
        self._app = app
        self._start = start

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        waits_for = self._start.waits_for
        if waits_for is None or scope["type"] != "http" or scope["path"].startswith(("/health/", "/metrics")):
            await self._app(scope, receive, send)
        else:
            await problem(scope["path"], 503, "starting", waits_for)(scope, receive, send)
