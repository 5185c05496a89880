"""What an operator asks of the projector over HTTP, under /admin/v1, with a bearer token."""

from collections.abc import Iterable
from hmac import compare_digest

from fastapi import APIRouter, FastAPI, Security
from fastapi.security import HTTPBearer
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from twinpath.domain.about import About
from twinpath.http.documents.openapi import add_tags, document
from twinpath.http.media_types import MediaTypes
from twinpath.http.problem_details import install_problem_details, problem
from twinpath.http.site import Site
from twinpath.observability.serving_metrics import NO_TELEMETRY

PATH = "/admin/v1"


_DESCRIPTION = """What operators ask of a projector: which streams are parked and why, a retry, a skip. Every request
carries `Authorization: Bearer <TWINPATH_ADMIN_TOKEN>`."""


def admin_app(
    token: SecretStr | None, routers: Iterable[APIRouter], about: About | None = None, site: Site | None = None
) -> FastAPI:
    """The app to mount at PATH. Without a token nobody is let in."""
    app = FastAPI(
        title="Administration",
        version="1",
        description=_DESCRIPTION,
        openapi_url=None,  # the service has the document, see twinpath.projecting.documents
        telemetry=NO_TELEMETRY,
        generate_unique_id_function=lambda route: route.name,
        dependencies=[Security(HTTPBearer(scheme_name="bearer", auto_error=False))],  # for the document alone
    )
    document(app, about or About(), "projector administration")
    add_tags(app, {"parked": "Streams with an event that a projection could not apply."})
    for router in routers:
        app.include_router(router)
    install_problem_details(app, site)
    app.add_middleware(MediaTypes)
    app.add_middleware(Authorised, token=token)
    return app


class Authorised:
    """ASGI middleware: lets in who sends `Authorization: Bearer <token>`; it comes before anything is read."""

    def __init__(self, app: ASGIApp, token: SecretStr | None) -> None:
        self._app = app
        self._token = token.get_secret_value().encode() if token else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and not self._token:
            detail = "Administration is off: this service was started without TWINPATH_ADMIN_TOKEN."
            await problem(scope["path"], 403, "administration_off", detail)(scope, receive, send)
        elif scope["type"] == "http" and not self._fits(scope):
            answer = problem(scope["path"], 401, "unauthorized", "Send the header Authorization: Bearer <token>.")
            answer.headers["WWW-Authenticate"] = "Bearer"
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _fits(self, scope: Scope) -> bool:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        scheme, _, token = given.partition(b" ")
        return compare_digest(token.strip(), self._token) and scheme.lower() == b"bearer"
