"""The query service as an ASGI app: endpoints, causal waits, live updates, errors, health."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from query_service import customers, orders, products, shop, ticket_dashboard, tickets
from query_service.customers import CUSTOMER_RESOURCE
from query_service.orders_queries import OrderQueries
from query_service.products import PRODUCTS
from query_service.shop_dashboard_queries import ShopDashboardQueries
from query_service.ticket_dashboard_queries import DashboardQueries
from query_service.tickets import TICKETS
from shared.read_models.customers import CUSTOMERS
from shared.read_models.order_summaries import ORDER_SUMMARIES
from shared.read_models.product_catalogue import PRODUCT_CATALOGUE, PRODUCT_PRICES
from shared.read_models.shop_dashboard import PRODUCT_SALES, SHOP_DASHBOARD
from shared.read_models.ticket_dashboard import TICKET_DASHBOARD
from shared.read_models.ticket_details import TICKET_DETAILS
from shared.read_models.ticket_list import TICKET_LIST
from twinpath.clock import Clock, utc_now
from twinpath.http.correlation import Correlation
from twinpath.http.health import Check, health_routes
from twinpath.http.problem_details import install_problem_details
from twinpath.http.short_way import ShortWay, add_short_ways
from twinpath.observability.serving_metrics import NO_TELEMETRY, HttpRequests, install_metrics
from twinpath.queries.endpoints import history
from twinpath.queries.endpoints.one_document import short_way
from twinpath.queries.metrics import MeasuredReader, QueryMetrics
from twinpath.queries.reading.causal_waits import CausalWaits
from twinpath.queries.reading.copy_bounds import CopyBounds
from twinpath.queries.reading.fast_copy import FastCopy
from twinpath.queries.reading.live import LiveViews
from twinpath.queries.reading.views import ViewQueries
from twinpath.views.history import HISTORY
from twinpath.views.interface import ViewCache, ViewReader

_DESCRIPTION = """Answers from the views. Send back a command's `Causal-Token` to see its effect: the query waits until
the view has got there, 5 seconds at most, else 202 with `Retry-After`. `If-None-Match` gives 304. Pages go on with
`next`. Every view has a stream of Server-Sent Events under `…/events`. Errors are `application/problem+json`."""

LIVE_VIEWS = (
    TICKET_LIST,
    TICKET_DETAILS,
    TICKET_DASHBOARD,
    PRODUCT_CATALOGUE,
    PRODUCT_PRICES,
    CUSTOMERS,
    ORDER_SUMMARIES,
    SHOP_DASHBOARD,
    PRODUCT_SALES,
    HISTORY,
)
"""The views whose changes are told as they happen."""


async def _nothing_to_close() -> None: ...


def create_app(
    reader: ViewReader,
    cache: ViewCache,
    required: Mapping[str, Check] | None = None,
    optional: Mapping[str, Check] | None = None,
    causal_wait_seconds: float = 5.0,
    clock: Clock = utc_now,
    close: Callable[[], Awaitable[None]] = _nothing_to_close,
) -> FastAPI:
    """The app on a reader and a cache; `close` is called when it has stopped.

    `app.state.stop()` ends what would hold up a server's stop: live updates and causal waits.
    """

    metrics = QueryMetrics()
    reader = MeasuredReader(reader, metrics)
    bounds = CopyBounds(reader.erasures)
    copy = FastCopy(cache, reader, bounds)
    waits = CausalWaits(reader, causal_wait_seconds)
    live = LiveViews(reader, [view.name for view in LIVE_VIEWS])
    waits.on_heard, waits.on_move = bounds.heard, live.checkpoints_moved
    metrics.follow(copy, waits, live)
    lifespan = partial(_lifespan, waits, live, close)
    app = FastAPIOffline(
        title="Twinpath query service", version="1", description=_DESCRIPTION, lifespan=lifespan, telemetry=NO_TELEMETRY
    )
    app.state.stop = partial(_stop, waits, live)
    app.state.waits = waits
    app.state.live = live
    app.state.views = views = ViewQueries(reader, copy)
    app.state.orders = OrderQueries(views)
    app.state.dashboards = DashboardQueries(reader, copy, clock)
    app.state.shop_dashboards = ShopDashboardQueries(views, clock)
    _add_queries(app)
    app.router.routes += health_routes(required or {}, {**(optional or {}), "copies": copy.check})
    install_problem_details(app)
    app.add_middleware(Correlation, on_answer=HttpRequests(metrics.requests))
    install_metrics(app, metrics)
    return app


def _add_queries(app: FastAPI) -> None:
    for of in (ticket_dashboard, tickets, products, customers, orders, shop, history):
        app.include_router(of.router, prefix="/api/v1")
    ways = [short_way(resource) for resource in (TICKETS, PRODUCTS, CUSTOMER_RESOURCE)]
    add_short_ways(app, "/api/v1", [*ways, ShortWay("GET", "/orders/{order_id}", orders.answer_order)])


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
