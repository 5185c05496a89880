"""The correlation id of a request: taken from the client or fresh, echoed, bound to the logs."""

import re

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.ids import uuid7

_USABLE = re.compile(rb"[\x21-\x7e]{1,128}")


class Correlation:
    """ASGI middleware: puts `correlation_id` into the request's state; X-Correlation-Id in and out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-correlation-id"), b"")
        encoded = given if _USABLE.fullmatch(given) else uuid7().encode()
        correlation_id = encoded.decode("ascii")
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        structlog.contextvars.bind_contextvars(correlation_id=correlation_id)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-correlation-id", encoded)]
            await send(message)

        await self._app(scope, receive, send_with_id)
