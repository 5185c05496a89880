"""The short way of a command: past FastAPI's dispatch, which costs more than the append itself.

It takes a request whose path fits as a whole; everything else, the documentation included, is the FastAPI route's.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from shared.ids import UUID_PATTERN

_MISSING = {"type": "missing", "loc": ("body",), "msg": "Field required"}


class ShortWay(BaseRoute):
    """One endpoint `f([<category>_id], [body], request)` under its path; its errors go to the app's handlers."""

    def __init__(self, prefix: str, route: APIRoute) -> None:
        path = re.sub(r"{(\w+)_id}", rf"(?P<\1_id>\1-{UUID_PATTERN})", prefix + route.path)
        self._path = re.compile(path)
        self.path = route.path
        """As the metrics name it."""
        self._methods = route.methods or set()
        self._endpoint: Callable[..., Awaitable[Response]] = route.endpoint
        parameters = inspect.signature(route.endpoint).parameters
        self._body: type[BaseModel] | None = parameters["body"].annotation if "body" in parameters else None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See BaseRoute.matches."""
        if scope["type"] == "http" and scope["method"] in self._methods:
            found = self._path.fullmatch(scope["path"].removeprefix(scope.get("root_path", "")))
            if found is not None:
                return Match.FULL, {"path_params": found.groupdict(), "route": self}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See BaseRoute.handle."""
        request = Request(scope, receive)
        arguments: dict[str, Any] = scope["path_params"]
        if self._body is not None:
            arguments = {**arguments, "body": _read(self._body, await request.body())}
        response = await self._endpoint(**arguments, request=request)
        await response(scope, receive, send)


def short_ways(prefix: str, router: APIRouter) -> Iterator[ShortWay]:
    """One for each endpoint of a router."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield ShortWay(prefix, route)


def _read(model: type[BaseModel], body: bytes) -> BaseModel:
    if not body:
        raise RequestValidationError([_MISSING])
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from error
