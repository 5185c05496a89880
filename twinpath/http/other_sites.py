"""Cross-origin resource sharing (Fetch Standard, CORS): browsers hand on what pages of allowed sites ask for."""

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twinpath.http.site import Site

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


def share_with_other_sites(app: Starlette, site: Site | None) -> None:
    """Let pages of the sites that `site` allows ask this app. Call it last: it goes around all other middleware."""
    if site is not None and site.origins:
        app.add_middleware(OtherSites, site)


class OtherSites:
    """ASGI middleware, around all that answers. Preflights of allowed sites are answered here, since browsers send no
    token with them; any header may follow. Cookies are neither asked for nor taken. Other sites get what they get
    without it, which their browsers keep from them.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site
        self._shared = CORSMiddleware(
            app, allow_origins=sorted(site.origins), allow_methods=_METHODS, allow_headers=["*"], expose_headers=_SHOWN
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and Headers(scope=scope).get("origin") in self._site.origins:
            await self._shared(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            """What a cache keeps of this answer is not for an allowed site."""
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).add_vary_header("Origin")
            await send(message)

        await self._app(scope, receive, sent)
