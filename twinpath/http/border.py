"""What every request of a service passes: other sites' pages are turned away, HEAD is read as GET, errors are answered.

It is one layer, since each costs a query some hundredths of its time.
"""

import re
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twinpath.errors import NotFound
from twinpath.http.headers import ADDED_HEADERS
from twinpath.http.site import READS, Site

Answered = Callable[[Scope, Exception], ASGIApp]
"""Takes a request and what was raised, gives the answer."""

_NOSNIFF = (b"x-content-type-options", b"nosniff")
_UTF_8 = re.compile(rb';\s*charset="?utf-?8"?\s*(;|$)')
_NOT_KEPT = (b"cache-control", b"private, no-store")


class _HeadIsThere(Exception):
    """A HEAD request has its headers; the rest of a stream is not wanted."""


class Border:
    """ASGI middleware. An answer that does not say how long it may be kept is kept by nobody."""

    def __init__(self, app: ASGIApp, site: Site, answered: Answered) -> None:
        self._app = app
        self._site = site
        self._answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        started = False

        async def sent(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                scope["method"] = method
                headers = _with_defaults(list(message.get("headers", ())))
                added = scope.get("state", {}).get(ADDED_HEADERS, {})
                message["headers"] = headers + [(name.encode(), value.encode()) for name, value in added.items()]
                started = True
                await send(message)
            elif method != "HEAD":
                await send(message)
            else:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                if message.get("more_body", False):
                    raise _HeadIsThere

        try:
            self._check(scope)
            if method == "HEAD":
                scope["method"] = "GET"
            await self._app(scope, receive, sent)
        except _HeadIsThere:
            pass
        except Exception as error:
            if started:  # half an answer can only be cut off, which the server does
                raise
            await self._answered(scope, error)(scope, receive, sent)

    def _check(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        self._site.check(scope["method"], scope["path"], headers)
        if scope["method"] not in READS and headers.get(b"content-encoding", b"identity").lower() != b"identity":
            detail = "send the body as it is, without Content-Encoding"
            raise HTTPException(415, detail, {"Accept-Encoding": "identity"})
        if b"charset" in (kind := headers.get(b"content-type", b"").lower()) and not _UTF_8.search(kind):
            raise HTTPException(415, "send text in UTF-8")
        if b"%2f" in scope.get("raw_path", b"").lower():  # the path would be another than the client wrote
            raise NotFound("No part of a path holds a slash.", code="no_such_route")


def _with_defaults(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    given = {name for name, _ in headers}
    return headers + [default for default in (_NOSNIFF, _NOT_KEPT) if default[0] not in given]
