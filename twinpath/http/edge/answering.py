"""The outermost ASGI middleware: lets the connection know when the application is through with a request."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twinpath.http.edge.connection import CONNECTION, Connection


class Answering:
    """Around the whole application. Without a connection of ours in the scope it does nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        connection: Connection | None = scope.get("state", {}).pop(CONNECTION, None)
        if scope["type"] != "http" or connection is None:
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, _Late(send).send if connection.streams else send)
        except BaseException:
            connection.failed()
            raise
        connection.answered()


class _Late:
    """Holds back the beginning of an answer until there is some of its body: while the body of the request still comes,
    it may turn out that there is nothing to answer with 200.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        """See ASGI's send."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._start is not None:
            if not message.get("body") and message.get("more_body", False):
                return
            start, self._start = self._start, None
            await self._send(start)
        await self._send(message)
