"""The short way to one document by id: past FastAPI's dispatch, which costs more than the read itself.

It takes a GET of a well-formed id alone; everything else, the documentation included, is the FastAPI route's.
"""

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from twinpath.ids import UUID_PATTERN

Endpoint = Callable[[str, Request], Awaitable[Response]]


class ReadyRoute(BaseRoute):
    """`/api/v1<path><category>-<UUID>`, answered by `endpoint(id, request)`. Its errors go to the app's handlers."""

    def __init__(self, path: str, category: str, endpoint: Endpoint) -> None:
        self._path = re.compile(re.escape(f"/api/v1{path}") + f"({category}-{UUID_PATTERN})")
        self.path = f"{path}{{{category}_id}}"
        """As the metrics name it."""
        self._endpoint = endpoint

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See BaseRoute.matches."""
        if scope["type"] == "http" and scope["method"] == "GET":
            found = self._path.fullmatch(scope["path"].removeprefix(scope.get("root_path", "")))
            if found is not None:
                return Match.FULL, {"path_params": {"id": found[1]}, "route": self}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See BaseRoute.handle."""
        response = await self._endpoint(scope["path_params"]["id"], Request(scope, receive))
        await response(scope, receive, send)
