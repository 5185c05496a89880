"""The command service as an ASGI app: endpoints, limits, errors, health."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from twinpath.commands.admission import BULK, BULK_PATH, Admission
from twinpath.commands.bulk import BULK_PERMISSION, answer_bulk, bulk_router
from twinpath.commands.bus import CommandBus
from twinpath.commands.endpoints import PREFIX, command_router, declared_commands
from twinpath.commands.metrics import CommandMetrics
from twinpath.domain.application import Application
from twinpath.http.correlation import Correlation
from twinpath.http.health import Check, health_routes
from twinpath.http.limits import BodyLimits
from twinpath.http.problem_details import install_problem_details
from twinpath.http.short_way import ShortWay, add_short_ways
from twinpath.identity.actors import Actors
from twinpath.identity.authentication import OPEN, Authenticated, Authentication
from twinpath.observability.serving_metrics import NO_TELEMETRY, HttpRequests, install_metrics

_DESCRIPTION = """Takes commands. Every answer names the aggregate's new version (`ETag`) and where the event
stands (`Causal-Token`): send the token back with a query to read your own write. Send `Idempotency-Key` to be able to
repeat a command safely, `If-Match` to refuse it on any other version. A body may hold 1 MiB; unknown fields are
refused; errors are `application/problem+json` with a stable `code`. More than can be done is refused with 503
`overloaded` and `Retry-After` before anything is done."""

STREAMED = frozenset({BULK})
"""Paths whose bodies are read as they come."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def _nothing_to_run(_: FastAPI) -> AsyncIterator[None]:
    yield


def add_commands(
    app: FastAPI, bus: CommandBus, application: Application, actors: Actors, admission: Admission | None = None
) -> None:
    """Every declared command, documented by FastAPI and answered past its dispatch."""
    app.state.bus = bus
    app.state.actors = actors
    app.state.admission = admission or Admission()
    commands = declared_commands(application.aggregates)
    for router in (command_router(commands), bulk_router(commands)):
        app.include_router(router, prefix=PREFIX)
    bulk = ShortWay("POST", BULK_PATH, partial(answer_bulk, commands), BULK_PERMISSION)
    add_short_ways(app, PREFIX, [bulk, *(command.short_way for command in commands.values())])


def create_app(
    bus: CommandBus,
    application: Application,
    actors: Actors,
    required: Mapping[str, Check] | None = None,
    optional: Mapping[str, Check] | None = None,
    lifespan: Lifespan = _nothing_to_run,
    metrics: CommandMetrics | None = None,
    admission: Admission | None = None,
    authentication: Authentication = OPEN,
) -> FastAPI:
    """The app around a command bus; `required` and `optional` are the dependencies that readiness names."""
    app = FastAPIOffline(
        title="Twinpath command service",
        version="1",
        description=_DESCRIPTION,
        lifespan=lifespan,
        telemetry=NO_TELEMETRY,
    )
    add_commands(app, bus, application, actors, admission)
    app.router.routes += health_routes(required or {}, optional)
    app.add_middleware(Authenticated, authentication)
    install_problem_details(app)
    app.add_middleware(BodyLimits, streamed=STREAMED)
    metrics = metrics or CommandMetrics()
    app.add_middleware(Correlation, on_answer=HttpRequests(metrics.requests))
    install_metrics(app, metrics)
    return app
