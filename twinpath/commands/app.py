"""The command service as an ASGI app: endpoints, limits, errors, health."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.routing import BaseRoute

from twinpath.commands.admission import BULK, BULK_PATH, Admission
from twinpath.commands.bulk import Bulk
from twinpath.commands.bus import CommandBus
from twinpath.commands.endpoints import PREFIX, DeclaredCommand, command_router, declared_commands
from twinpath.commands.lines.route import bulk_router
from twinpath.commands.metrics import CommandMetrics
from twinpath.commands.samples import CommandSamples
from twinpath.domain.application import Application
from twinpath.http.correlation import Correlation
from twinpath.http.documents.openapi import add_tags, document, tag_of_category
from twinpath.http.documents.page import add_page
from twinpath.http.health import Check, health_routes
from twinpath.http.media_types import MediaTypes
from twinpath.http.problem_details import install_problem_details
from twinpath.http.settings import BulkLimits
from twinpath.http.short_way import ShortWay, add_short_ways
from twinpath.http.site import Site
from twinpath.identity import permissions
from twinpath.identity.actors import Actors
from twinpath.identity.authentication import OPEN, Authenticated, Authentication
from twinpath.observability.serving_metrics import NO_TELEMETRY, HttpRequests, install_metrics

_DESCRIPTION = """Takes commands. Every answer names the aggregate's new version (`ETag`) and where the event
stands (`Causal-Token`): send the token back with a query to read your own write. Send `Idempotency-Key` to be able to
repeat a command safely, `If-Match` to refuse it on any other version. Unknown fields are refused; errors
are `application/problem+json` with a stable `code`. More than can be done is refused with 503 `overloaded` and
`Retry-After` before anything is done."""

STREAMED = frozenset({BULK})
"""Paths whose bodies are read as they come."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def _nothing_to_run(_: FastAPI) -> AsyncIterator[None]:
    yield


def add_commands(
    app: FastAPI,
    bus: CommandBus,
    application: Application,
    actors: Actors,
    admission: Admission | None = None,
    limits: BulkLimits | None = None,
) -> CommandSamples:
    """Every declared command, documented by FastAPI and answered past its dispatch; what finds samples of them."""
    limits = limits or BulkLimits()
    commands, routes = _declared(application, limits.bulk_lines)
    app.state.bus = bus
    app.state.actors = actors
    app.state.admission = admission or Admission()
    app.state.bulk = Bulk(commands, limits)
    app.router.routes += routes  # FastAPI would make each route a second time if it included a router
    tags = {a.path[1:]: tag_of_category(a.category, application.events) for a in application.aggregates if a.endpoints}
    add_tags(app, {**tags, "bulk": "Many commands in one request."})
    bulk_way = ShortWay("POST", BULK_PATH, Bulk.answer, permissions.BULK)
    add_short_ways(app, PREFIX, [bulk_way, *(command.short_way for command in commands.values())])
    return CommandSamples(bus, commands)


@lru_cache(maxsize=8)  # a process has one application; tests have several, each served by many apps
def _declared(application: Application, most_lines: int) -> tuple[Mapping[str, DeclaredCommand], Sequence[BaseRoute]]:
    """The commands and their routes. They hold nothing but what is declared, so that an application's apps share them.

    A bulk request holds `most_lines` at most.
    """
    commands = declared_commands(application.aggregates)
    return commands, [*command_router(commands).routes, *bulk_router(commands, most_lines).routes]


def create_app(
    bus: CommandBus,
    application: Application,
    actors: Actors,
    required: Mapping[str, Check] | None = None,
    optional: Mapping[str, Check] | None = None,
    lifespan: Lifespan = _nothing_to_run,
    metrics: CommandMetrics | None = None,
    admission: Admission | None = None,
    limits: BulkLimits | None = None,
    site: Site | None = None,
    live_examples: bool = False,
    authentication: Authentication = OPEN,
) -> FastAPI:
    """The app around a command bus; `required` and `optional` are the dependencies that readiness names.

    `site` says who may call. With `live_examples` the API's page shows ids that exist.
    """
    app = FastAPIOffline(
        None, None, title="Commands", version="1", description=_DESCRIPTION, lifespan=lifespan, telemetry=NO_TELEMETRY
    )
    document(app, application.events.about, "command service", authentication.issuer)
    samples = add_commands(app, bus, application, actors, admission, limits)
    add_page(app, [samples] if live_examples else [])
    app.router.routes += health_routes(required or {}, optional)
    app.add_middleware(Authenticated, authentication)
    install_problem_details(app, site)
    app.add_middleware(MediaTypes, streamed=STREAMED)
    metrics = metrics or CommandMetrics()
    app.add_middleware(Correlation, on_answer=HttpRequests(metrics.requests))
    install_metrics(app, metrics)
    return app
