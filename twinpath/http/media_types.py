"""What a body says it is, checked before anything reads it."""

from starlette.types import ASGIApp, Receive, Scope, Send

from twinpath.http.problem_details import problem
from twinpath.http.site import READS


class MediaTypes:
    """ASGI middleware: a body that does not say it is JSON is a 415, or NDJSON on the paths in `streamed`."""

    def __init__(self, app: ASGIApp, streamed: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] in READS:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        what, wanted = ("NDJSON", "application/x-ndjson") if scope["path"] in self._streamed else ("JSON", _JSON)
        given = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        no_body = headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers
        if given == wanted.encode() or (no_body and wanted == _JSON):
            await self._app(scope, receive, send)
            return
        detail = f"Send {what}, with the header Content-Type: {wanted}."
        await problem(scope["path"], 415, "unsupported_media_type", detail)(scope, receive, send)


_JSON = "application/json"
