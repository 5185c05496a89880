"""Routes with a permission: it stands in the OpenAPI document, and a route without one answers nobody."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from twinpath.errors import NotPermitted
from twinpath.identity.authentication import permit

IDENTITY, MACHINE_KEY = "identity", "machine_key"
"""The names of the security schemes in OpenAPI: an access token, or a key."""

BULK = "bulk"
HISTORY = "history:read"
METRICS = "operate:metrics"
"""A scraper has it by a machine key, or everybody by TWINPATH_PUBLIC_PERMISSIONS where no others can come."""
ON_BEHALF = "on-behalf"
"""To send commands for the owner whom X-On-Behalf-Of names, as that owner may; the commit keeps both."""
SEE, REPAIR = "operate:read", "operate:repair"
"""Of operators: what is parked, and what is done about it."""
OF_THE_ENGINE = (BULK, HISTORY, METRICS, ON_BEHALF, SEE, REPAIR)
"""The permissions that the engine's own routes ask for; all others are an application's."""


def allowing(allow: str | Sequence[str], extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The `openapi_extra` of a route that asks for a permission, or for several."""
    permissions = [allow] if isinstance(allow, str) else list(allow)
    return {**(extra or {}), "security": [{scheme: permissions} for scheme in (IDENTITY, MACHINE_KEY)]}


def security_schemes(issuer: str | None) -> dict[str, Any]:
    """The components that `allowing` names; of a provider its discovery document says the rest."""
    token: dict[str, Any] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    if issuer:
        token = {"type": "openIdConnect", "openIdConnectUrl": f"{issuer.rstrip('/')}/.well-known/openid-configuration"}
    key = {"type": "http", "scheme": "bearer", "bearerFormat": "machine key, tpk_…"}
    return {
        IDENTITY: {**token, "description": "An access token; each operation names the permission that it needs."},
        MACHINE_KEY: {**key, "description": "For scripts and partners, from `twinpath keys create`."},
    }


class PermittedRoute(APIRoute):
    """A route that asks for its permission before it reads anything of the request but its head."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See APIRoute.get_route_handler."""
        handler, permissions = super().get_route_handler(), permissions_of_route(self)

        async def permitted(request: Request) -> Response:
            if not all(permissions) or not permissions:
                raise NotPermitted("No permission is declared for this, so nobody has it.")
            await permit(request.scope, *permissions)
            return await handler(request)

        return permitted


def permissions_of_route(route: APIRoute) -> tuple[str, ...]:
    """The permissions that a route declares: a caller needs all of them."""
    security = (route.openapi_extra or {}).get("security")
    return tuple(security[0][IDENTITY]) if security else ()


def permitted_router(**options: Any) -> APIRouter:
    """A router all of whose routes need a permission."""
    return APIRouter(route_class=PermittedRoute, **options)
