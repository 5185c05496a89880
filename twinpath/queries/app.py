"""The query service as an ASGI app: endpoints, causal waits, live updates, errors, health."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, tzinfo
from functools import lru_cache, partial

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from pydantic import SecretStr
from starlette.types import Lifespan

from twinpath.clock import Clock, utc_now
from twinpath.domain.application import Application
from twinpath.domain.report import Report
from twinpath.domain.resource import Dashboard, Resource
from twinpath.domain.views import View
from twinpath.facts.interface import FactsReader, NoFacts
from twinpath.http.correlation import Correlation
from twinpath.http.documents.openapi import add_tags, document, tag_of_category
from twinpath.http.documents.page import add_page
from twinpath.http.health import Check, health_routes
from twinpath.http.problem_details import install_problem_details
from twinpath.http.short_way import add_short_ways
from twinpath.http.site import Site
from twinpath.identity.authentication import OPEN, Authenticated, Authentication
from twinpath.observability.serving_metrics import NO_TELEMETRY, HttpRequests, install_metrics
from twinpath.queries.endpoints.answering import Queries
from twinpath.queries.endpoints.dashboards import add_dashboard
from twinpath.queries.endpoints.documents import add_document
from twinpath.queries.endpoints.history import HistoryRoutes
from twinpath.queries.endpoints.lists import add_list, add_sublist
from twinpath.queries.endpoints.reports import add_report
from twinpath.queries.endpoints.routes import Routes
from twinpath.queries.endpoints.searches import add_search, searched_view
from twinpath.queries.endpoints.seats import Seats
from twinpath.queries.metrics import QueryMetrics
from twinpath.queries.reading.causal_waits import CausalWaits
from twinpath.queries.reading.copy_bounds import CopyBounds
from twinpath.queries.reading.cursor import Cursors
from twinpath.queries.reading.fast_copy import FastCopy
from twinpath.queries.reading.live import LiveViews
from twinpath.queries.reading.searches import Searches
from twinpath.queries.reading.views import ViewQueries
from twinpath.queries.samples import samples_of
from twinpath.searching.interface import SearchIndex
from twinpath.searching.language import Language
from twinpath.views.history import HISTORY
from twinpath.views.interface import ViewCache, ViewReader

_DESCRIPTION = """Answers from the views. Send back a command's `Causal-Token` to see its effect: the query waits until
the view has got there, 5 seconds at most, else 202 with `Retry-After`. A query's own shows no less than that query did.
`If-None-Match` gives 304. Pages go on with `next`. Every view has a stream of Server-Sent Events under `…/events`.
Errors are `application/problem+json`."""


async def _nothing_to_close() -> None: ...


def create_app(
    reader: ViewReader,
    cache: ViewCache,
    application: Application,
    required: Mapping[str, Check] | None = None,
    optional: Mapping[str, Check] | None = None,
    causal_wait_seconds: float = 5.0,
    clock: Clock = utc_now,
    zone: tzinfo = UTC,
    close: Callable[[], Awaitable[None]] = _nothing_to_close,
    cursor_key: SecretStr | None = None,
    site: Site | None = None,
    seats: Seats | None = None,
    waiting: Seats | None = None,
    live_examples: bool = False,
    authentication: Authentication = OPEN,
    index: SearchIndex | None = None,
    language: str = "english",
    facts: FactsReader | None = None,
) -> FastAPI:
    """The app that shows the application's resources, on a reader and a cache; `close` is called when it has stopped.
    `facts` answers for analytics, which are off without. `cursor_key` signs cursors, `site` says who may call, `seats`
    how many may listen, `waiting` how many may wait for what they wrote. Searches go through `index`, and know the
    `language`; without an index they are refused.

    With `live_examples` the API's page shows ids that exist. `app.state.samples` find them; more may be added.

    `app.state.stop()` ends what would hold up a server's stop: live updates and causal waits.
    """
    bounds = CopyBounds(reader.erasures)
    copy = FastCopy(cache, reader, bounds)
    views = ViewQueries(reader, copy)
    waits = CausalWaits(reader, causal_wait_seconds)
    live = LiveViews(reader, _live_views(application), views.several)
    waits.on_heard, waits.on_move = bounds.heard, live.checkpoints_moved
    searches = Searches(index, reader, bounds, waits)
    seats, waiting = seats or Seats(), waiting or Seats(kind="waits")
    answering = searches, facts or NoFacts(), clock, zone
    metrics = QueryMetrics()
    metrics.follow(views, copy, waits, live)
    looks: dict[str, Check] = {"copies": copy.check}
    if index is not None:
        looks["search"] = partial(searches.check, searched_views(application))
    app = _documented(application, partial(_lifespan, waits, live, close), authentication.issuer)
    app.state.queries = Queries(views, waits, live, Cursors(cursor_key), seats, waiting, *answering)
    app.state.samples += [partial(samples_of, application, views)] if live_examples else []
    app.state.stop = partial(_stop, waits, live)
    _add_routes(app, routes_of(application, language))
    app.router.routes += health_routes(required or {}, {**(optional or {}), **looks})
    app.add_middleware(Authenticated, authentication)
    install_problem_details(app, site)
    app.add_middleware(Correlation, on_answer=HttpRequests(metrics.requests))
    install_metrics(app, metrics)
    return app


def _documented(application: Application, lifespan: Lifespan[FastAPI], issuer: str | None) -> FastAPI:
    """An app whose page shows what `app.state.samples` find."""
    app = FastAPIOffline(
        None, None, title="Queries", version="1", description=_DESCRIPTION, lifespan=lifespan, telemetry=NO_TELEMETRY
    )
    document(app, application.events.about, "query service", issuer)
    app.state.samples = []
    add_page(app, app.state.samples)
    return app


def _add_routes(app: FastAPI, routes: Routes) -> None:
    add_tags(app, routes.tags)
    app.router.routes += routes.router.routes  # FastAPI would make each route a second time if it included the router
    add_short_ways(app, "/api/v1", routes.short_ways)


@lru_cache(maxsize=8)  # a process has one application; tests have several, each served by many apps
def routes_of(application: Application, language: str) -> Routes:
    """Every declared endpoint; a dashboard's path may look like a document's, so they come first.

    They hold nothing but what is declared, so that all apps of an application share them.
    """
    routes, spoken = Routes(), Language(language)
    resources = {r.category: r for r in application.resources if isinstance(r, Resource)}
    allows = {r.listing.view.name: r.allow for r in resources.values() if r.listing is not None}
    histories = HistoryRoutes(routes, application.events, resources)
    for declared in sorted(application.resources, key=lambda declaration: isinstance(declaration, Resource)):
        match declared:
            case Report():
                add_report(routes, declared)
            case Dashboard():
                add_dashboard(routes, declared)
            case Resource():
                if declared.listing is not None:
                    add_list(routes, declared, declared.listing)
                    add_search(routes, declared, spoken)
                for sublist in declared.sublists:
                    add_sublist(routes, declared, sublist, allows)
                add_document(routes, declared)
                if declared.history:
                    histories.add(declared)
                routes.tags[declared.path[1:]] = tag_of_category(declared.category, application.events)
    histories.add_any()
    return routes


def searched_views(application: Application) -> list[View]:
    """The views that the application's resources are searched in."""
    resources = [declared for declared in application.resources if isinstance(declared, Resource)]
    return [view for declared in resources if (view := searched_view(declared)) is not None]


def _live_views(application: Application) -> list[str]:
    """The views whose changes are told as they happen."""
    views = [view for declared in application.resources for view in declared.reads()]
    return list(dict.fromkeys(view.name for view in (*views, HISTORY) if view.live))


@asynccontextmanager
async def _lifespan(
    waits: CausalWaits, live: LiveViews, close: Callable[[], Awaitable[None]], _: FastAPI
) -> AsyncIterator[None]:
    following = asyncio.create_task(waits.follow(), name="follow checkpoints")
    yield
    _stop(waits, live)
    await close()  # first, or PyMongo would connect once more to end its change streams when they are cancelled
    await live.close()
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


def _stop(waits: CausalWaits, live: LiveViews) -> None:
    waits.stop()
    live.stop()
