"""What an operator asks of the projector over HTTP, under /admin/v1."""

from collections.abc import Iterable

from fastapi import APIRouter, FastAPI

from twinpath.domain.about import About
from twinpath.http.documents.openapi import add_tags, document
from twinpath.http.media_types import MediaTypes
from twinpath.http.problem_details import install_problem_details
from twinpath.http.site import Site
from twinpath.identity.authentication import OPEN, Authenticated, Authentication
from twinpath.observability.serving_metrics import NO_TELEMETRY

PATH = "/admin/v1"

_DESCRIPTION = "What operators ask of a projector: which streams are parked and why, a retry, a skip."


def admin_app(
    routers: Iterable[APIRouter],
    about: About | None = None,
    site: Site | None = None,
    authentication: Authentication = OPEN,
) -> FastAPI:
    """The app to mount at PATH."""
    app = FastAPI(
        title="Administration",
        version="1",
        description=_DESCRIPTION,
        openapi_url=None,  # the service has the document, see twinpath.projecting.documents
        telemetry=NO_TELEMETRY,
        generate_unique_id_function=lambda route: route.name,
    )
    document(app, about or About(), "projector administration", authentication.issuer)
    add_tags(app, {"parked": "Streams with an event that a projection could not apply."})
    for router in routers:
        app.include_router(router)
    app.add_middleware(Authenticated, authentication)
    install_problem_details(app, site)
    app.add_middleware(MediaTypes)
    return app
