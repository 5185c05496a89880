"""The projector service as an ASGI app: health, its administration, and the documents of both and of its events."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Lifespan

from twinpath.domain.catalogue import Catalogue
from twinpath.errors import Unavailable
from twinpath.feed.interface import EventFeed
from twinpath.http.health import Check, health_routes
from twinpath.http.problem_details import install_problem_details
from twinpath.http.site import Site
from twinpath.identity.authentication import OPEN, Authenticated, Authentication
from twinpath.observability.serving_metrics import install_metrics
from twinpath.projecting.documents.routes import document_routes
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.metrics import ProjectorMetrics
from twinpath.projecting.operators import PATH as ADMIN


def create_app(
    projector: Projector,
    feed: EventFeed,
    catalogue: Catalogue,
    required: Mapping[str, Check],
    optional: Mapping[str, Check],
    lifespan: Lifespan[Starlette],
    metrics: ProjectorMetrics,
    admin: FastAPI,
    authentication: Authentication = OPEN,
    site: Site | None = None,
) -> Starlette:
    """The app; besides the dependencies, readiness asks for a live consumer a log, whose queue delivers, and for logs
    that nothing stops."""

    async def consumers() -> Mapping[str, Any]:
        registered = feed.consumers()
        if not all(registered.values()):
            raise Unavailable("a log has no live consumer", consumers=registered)
        if stuck := feed.stuck():
            raise Unavailable("no messages of a log come; its events are read from the log", stuck=stuck)
        return {"consumers": registered}

    async def logs() -> Mapping[str, Any]:
        statuses = {log: asdict(status) for log, status in projector.status().items()}
        if stopped := [log for log, status in statuses.items() if status["state"] == "starting"]:
            raise Unavailable(f"not projecting: {', '.join(stopped)}", logs=statuses)
        return {"logs": statuses, "parked_streams": projector.parked()}

    checks = {**required, "rabbitmq": consumers, "projections": logs}
    routes = [
        *health_routes(checks, optional),
        *document_routes(catalogue, admin, ADMIN),
        Mount(ADMIN, admin),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.add_middleware(Authenticated, authentication)
    install_problem_details(app, site)
    install_metrics(app, metrics)
    return app
