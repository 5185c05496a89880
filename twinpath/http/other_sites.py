"""Cross-origin resource sharing (Fetch Standard, CORS): browsers hand on what pages of allowed sites ask for."""

from collections.abc import Collection, Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
_SHOWN = (
    "Causal-Token",
    "ETag",
    "Idempotent-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Correlation-Id",
    "X-Version",
)
"""The headers of answers that a page may read, besides those that any may."""

_FOR_THIS_SITE = (b"vary", b"Origin")
_PREFLIGHT = "access-control-request-method"


class Sharing:
    """What answers say to browsers of the sites that may read them; the same within the application and below it."""

    def __init__(self, origins: Collection[str] = ()) -> None:
        self.origins = frozenset(origins)

    def headers(self, origin: str) -> Sequence[tuple[bytes, bytes]]:
        """The headers that an answer to a page of this site has besides; what a cache keeps of it is for this site."""
        if origin in self.origins:
            allowed = (b"access-control-allow-origin", origin.encode("latin-1"))
            return [allowed, (b"access-control-expose-headers", ", ".join(_SHOWN).encode()), _FOR_THIS_SITE]
        return [_FOR_THIS_SITE] if self.origins else ()


class OtherSites:
    """ASGI middleware, around all that answers. Preflights of allowed sites are answered here, since browsers send no
    token with them; any header may follow. Cookies are neither asked for nor taken. Other sites get what they get
    without it, which their browsers keep from them.
    """

    def __init__(self, app: ASGIApp, sharing: Sharing) -> None:
        self._app = app
        self._sharing = sharing
        self._cors = CORSMiddleware(
            app, allow_origins=sorted(sharing.origins), allow_methods=_METHODS, allow_headers=["*"]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        origin = asked.get("origin", "")
        if scope["method"] == "OPTIONS" and origin in self._sharing.origins and _PREFLIGHT in asked:
            await self._cors.preflight_response(asked)(scope, receive, send)
            return
        shared = self._sharing.headers(origin)

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *shared]
            await send(message)

        await self._app(scope, receive, sent)
