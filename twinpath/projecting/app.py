"""The projector service as an ASGI app: health, and what it consumes as AsyncAPI."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from faststream.specification import AsyncAPI
from faststream.specification.asyncapi import get_asyncapi_html
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Lifespan

from twinpath.errors import Unavailable
from twinpath.feed.interface import EventFeed
from twinpath.http.health import Check, health_routes
from twinpath.http.problem_details import install_problem_details
from twinpath.observability.serving_metrics import install_metrics
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.metrics import ProjectorMetrics
from twinpath.projecting.operators import PATH as ADMIN


def create_app(
    projector: Projector,
    feed: EventFeed,
    specification: AsyncAPI,
    required: Mapping[str, Check],
    optional: Mapping[str, Check],
    lifespan: Lifespan[Starlette],
    metrics: ProjectorMetrics,
    admin: ASGIApp,
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

    async def page(_: Request) -> Response:
        return HTMLResponse(get_asyncapi_html(specification.to_specification(), try_it_out_path=None))

    async def document(_: Request) -> Response:
        return Response(specification.to_specification().to_json(), media_type="application/json")

    checks = {**required, "rabbitmq": consumers, "projections": logs}
    routes = [
        *health_routes(checks, optional),
        Route("/asyncapi", page),
        Route("/asyncapi.json", document),
        Mount(ADMIN, admin),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    install_problem_details(app)
    install_metrics(app, metrics)
    return app
