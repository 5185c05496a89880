"""Limits on what a client may send, checked before anything reads it."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twinpath.http.problem_details import problem

MAX_BODY_BYTES = 1024 * 1024


class BodyLimits:
    """ASGI middleware: a body of more than 1 MiB is a 413, a body that does not say it is JSON a 415.

    The paths in `streamed` take NDJSON of any length, and have limits of their own.
    """

    def __init__(self, app: ASGIApp, streamed: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._streamed = streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if scope["path"] in self._streamed:
            fits = _media_type(headers) == b"application/x-ndjson"
            await (self._app if fits else _unsupported(scope, "NDJSON", "application/x-ndjson"))(scope, receive, send)
            return
        length = headers.get(b"content-length", b"")
        no_body = length == b"0" or (not length and b"transfer-encoding" not in headers)
        if _media_type(headers) != b"application/json" and not no_body:
            await _unsupported(scope, "JSON", "application/json")(scope, receive, send)
        elif length.isdigit() and int(length) > MAX_BODY_BYTES:
            await _too_large(scope)(scope, receive, send)
        elif length.isdigit():
            await self._app(scope, receive, send)  # the server holds the client to the length it gave
        else:
            await self._with_counted_body(scope, receive, send)

    async def _with_counted_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A chunked body has no length: take it in here, up to the limit, and hand it on whole."""
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > MAX_BODY_BYTES:
                await _too_large(scope)(scope, receive, send)
                return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def replay() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, replay, send)


def _media_type(headers: dict[bytes, bytes]) -> bytes:
    return headers.get(b"content-type", b"").partition(b";")[0].strip().lower()


def _unsupported(scope: Scope, what: str, media_type: str) -> ASGIApp:
    detail = f"Send {what}, with the header Content-Type: {media_type}."
    return problem(scope["path"], 415, "unsupported_media_type", detail)


def _too_large(scope: Scope) -> ASGIApp:
    return problem(scope["path"], 413, "body_too_large", f"A body may hold {MAX_BODY_BYTES} bytes.")
