"""The short way to an endpoint: past FastAPI's dispatch, which costs more than an append or a read of the copy itself.

It takes a request whose path fits as a whole; everything else, the documentation included, is the FastAPI route's.
"""

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from twinpath.http.json_bodies import BYTE_ORDER_MARK, read_json
from twinpath.http.problem_details import faults_of
from twinpath.identity.authentication import permit
from twinpath.ids import UUID_PATTERN

_MISSING = {"type": "missing", "loc": ("body",), "msg": "Field required"}


@dataclass(frozen=True)
class ShortWay:
    """An endpoint: `handler(request, *ids)`, or `handler(request, *ids, body=...)` where a body model is declared.

    `allow` is the permission that a caller needs; it is asked for before the body is read.
    `path` stands below the prefix of the API, and the metrics name it: `/orders/{order_id}/ship`. A parameter
    `<category>_id` takes an id of that category; the ids come in the order of the path.
    """

    method: str
    path: str
    handler: Callable[..., Awaitable[Response]]
    allow: str
    body: type[BaseModel] | None = None
    needs_body: bool = True
    """Whether there must be a body, where a model is declared: one that is there is read in any case."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a path must match as a whole."""
        return re.compile(re.sub(r"{(\w+)_id}", rf"(\1-{UUID_PATTERN})", self.path))

    async def serve(self, ids: tuple[str, ...], scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises NotAuthenticated, NotPermitted."""
        request = Request(scope, receive)
        await permit(scope, self.allow)
        if self.body is None:
            response = await self.handler(request, *ids)
        else:
            content = await _whole(receive)
            if content is None:
                return
            response = await self.handler(request, *ids, body=_read(self.body, content, self.needs_body))
        await response(scope, receive, send)


def add_short_ways(app: FastAPI, prefix: str, ways: Iterable[ShortWay]) -> None:
    """Let the app answer these before its routes; what they raise goes to the middleware around them."""
    app.user_middleware.append(Middleware(ShortWays, prefix, ways))  # the innermost


class ShortWays:
    """ASGI middleware: serves these endpoints itself. What they raise goes to the layer around it."""

    def __init__(self, app: ASGIApp, prefix: str, ways: Iterable[ShortWay]) -> None:
        self._app = app
        self._prefix = prefix
        self._ways: defaultdict[tuple[str, str], list[ShortWay]] = defaultdict(list)
        for way in ways:
            self._ways[way.method, _head(way.path)].append(way)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            whole = scope["path"].removeprefix(scope.get("root_path", ""))
            path = whole.removeprefix(self._prefix)
            for way in self._ways.get((scope["method"], _head(path)), ()):
                if path is not whole and (matched := way.pattern.fullmatch(path)):
                    scope["route"] = way
                    await way.serve(matched.groups(), scope, receive, send)
                    return
        await self._app(scope, receive, send)


def _head(path: str) -> str:
    """The first name of a path."""
    return path[1:].partition("/")[0]


async def _whole(receive: Receive) -> bytes | None:
    """The body, or None when the client went away. It mostly comes in one piece: Request.body costs 10 µs more."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        body += message.get("body", b"")
    return body if message["type"] == "http.request" else None


def _read(model: type[BaseModel], body: bytes, needed: bool) -> BaseModel:
    if not body.strip():
        if not needed:
            return model()
        raise RequestValidationError([_MISSING])
    try:
        return read_json(model, body.removeprefix(BYTE_ORDER_MARK))
    except ValidationError as error:
        problems = faults_of(error)
        raise RequestValidationError([{**problem, "loc": ("body", *problem["loc"])} for problem in problems]) from error
