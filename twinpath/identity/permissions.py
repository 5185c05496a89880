"""Routes with a permission: it stands in the OpenAPI document, and a route without one answers nobody."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from twinpath.errors import NotPermitted
from twinpath.identity.authentication import permit

SCHEME = "identity"
"""The name of the security scheme in OpenAPI."""


def allowing(permission: str, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The `openapi_extra` of a route that asks for a permission."""
    return {**(extra or {}), "security": [{SCHEME: [permission]}]}


class PermittedRoute(APIRoute):
    """A route that asks for its permission before it reads anything of the request but its head."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See APIRoute.get_route_handler."""
        handler, permission = super().get_route_handler(), permission_of(self)

        async def permitted(request: Request) -> Response:
            if permission is None:
                raise NotPermitted("No permission is declared for this, so nobody has it.")
            await permit(request.scope, permission)
            return await handler(request)

        return permitted


def permission_of(route: APIRoute) -> str | None:
    """The permission that a route declares."""
    security = (route.openapi_extra or {}).get("security")
    return str(security[0][SCHEME][0]) if security else None


def permitted_router(prefix: str = "") -> APIRouter:
    """A router below a path, all of whose routes need a permission."""
    return APIRouter(prefix=prefix, route_class=PermittedRoute)
