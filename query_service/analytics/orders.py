"""Reports over order_lines: revenue, the funnel, products, cohorts."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from query_service.analytics.spans import DECIMALS, SETTINGS, WITHIN, ByInterval, amount, begin_of
from shared.read_models.segment import LOYAL_AFTER, SEGMENT, begin_of_moments, time_of
from twinpath.domain import Period, Report

Statement = tuple[str, Mapping[str, Any]]
Group = Literal["category", "country", "segment"]

_ROWS = "{facts}.order_lines_rows AS facts FINAL"
_CONFIRMED = "line = 1 AND step = 'confirmed'"
"""A row an order that was confirmed."""
_CUSTOMERS = "{facts}.order_lines_customers"
"""A row a customer, with the moments of the first orders that were confirmed."""
_COUNTED = "sold != 0"
"""What was confirmed, also for nothing, and what was taken back of that; no mark is."""

_SEGMENTED = f"{_ROWS} LEFT ANY JOIN {_CUSTOMERS} AS customers ON facts.customer_key = customers.customer_key"
"""The rows with the moments of their customers' first orders."""
_JOINED = ", join_algorithm = 'partial_merge'"
"""The digest has the order of its keys; the engine would make a table of hashes, now of one side, now of the other."""
_ORDERS_BEFORE = (
    f"multiIf(moment_1 = 0, 0, placed_moment > moment_{LOYAL_AFTER}, {LOYAL_AFTER}, placed_moment > moment_1, 1, 0)"
)
"""The number of orders that were confirmed before, as far as segments tell them apart."""


class RevenueQuery(ByInterval):
    """Which revenue."""

    by: Annotated[Group | None, Field(description="a row for each of them; all together unless given")] = None


class RevenueRow(BaseModel):
    """What orders brought: `revenue` is what was confirmed less what was cancelled or came back then. `group` is the
    category, the country or the segment, empty where there is none, or all are together. Currencies are never added."""

    begins: date
    group: str
    currency: str
    revenue: Decimal
    confirmed: Decimal
    taken_back: Decimal
    orders: int
    pieces: int


def _revenue(asked: RevenueQuery, as_text: bool) -> Statement:
    by_segment = asked.by == "segment"
    by = f"toUInt8({_ORDERS_BEFORE})" if by_segment else asked.by or "''"
    key = "orders_before" if by_segment else "`group`"
    # an order has lines in several categories, and else one line that is its first; it is confirmed by one event, whose
    # place is shorter to read than the order's id
    orders = (
        "uniqExactIf(cityHash64(log, position), step = 'confirmed')"
        if asked.by == "category"
        else "countIf(line = 1 AND step = 'confirmed')"
    )
    sql = f"""
        SELECT begins, {f"{SEGMENT} AS" if by_segment else ""} `group`, currency,
            {amount("net", as_text)} AS revenue, {amount("gross", as_text)} AS confirmed,
            {amount("back", as_text)} AS taken_back, orders, pieces
        FROM (
            SELECT {begin_of(asked.interval)} AS begins, {by} AS {key}, currency,
                sum(revenue) AS net, sumIf(revenue, revenue > 0) AS gross, -sumIf(revenue, revenue < 0) AS back,
                {orders} AS orders, sum(sold) AS pieces, {DECIMALS}
            FROM {_SEGMENTED if by_segment else _ROWS} PREWHERE {WITHIN} AND {_COUNTED}
            GROUP BY begins, {key}, currency
        )
        ORDER BY begins, `group`, currency
        {SETTINGS}{_JOINED if by_segment else ""}
    """
    return sql, {}


class FunnelRow(BaseModel):
    """How many of the orders that were placed came so far, and how long they took since the step before."""

    step: Literal["placed", "confirmed", "shipped", "returned", "cancelled"]
    orders: int
    share: float
    median_seconds: float | None
    p90_seconds: float | None


def _funnel(asked: Period, as_text: bool) -> Statement:
    sql = f"""
        SELECT step, orders, if(placed = 0, 0, orders / placed) AS share,
            if(isNaN(seconds[1]), NULL, seconds[1]) AS median_seconds,
            if(isNaN(seconds[2]), NULL, seconds[2]) AS p90_seconds
        FROM (
            SELECT step, if(step = 'returned', uniqExactIf(order_id, step = 'returned'), count()) AS orders,
                quantiles(0.5, 0.9)(seconds) AS seconds, maxIf(orders, step = 'placed') OVER () AS placed
            FROM {_ROWS}
            PREWHERE line = 1 AND at >= {{begin:DateTime64(3, 'UTC')}}
                AND order_placed_at >= {{begin:DateTime64(3, 'UTC')}}
                AND order_placed_at < {{end:DateTime64(3, 'UTC')}}
            GROUP BY step
        )
        ORDER BY indexOf(['placed', 'confirmed', 'shipped', 'returned', 'cancelled'], step)
        {SETTINGS}
    """
    return sql, {}


class ProductsQuery(Period):
    """Which products."""

    limit: Annotated[int, Field(ge=1, le=1000, description="so many, those with the largest revenue first")] = 100


class ProductRow(BaseModel):
    """What a product brought in a currency; `returned` pieces came back, `cancelled` ones were never sent. The category
    is that of the latest order in the span."""

    product_id: str
    sku: str
    category: str
    currency: str
    revenue: Decimal
    confirmed: int
    cancelled: int
    returned: int


def _products(asked: ProductsQuery, as_text: bool) -> Statement:
    sql = f"""
        SELECT product_id, sku, category, currency, {amount("net", as_text)} AS revenue, confirmed, cancelled, returned
        FROM (
            SELECT product_id, any(sku) AS sku, argMax(category, order_placed_at) AS category, currency,
                sum(revenue) AS net, sumIf(quantity, step = 'confirmed') AS confirmed,
                sumIf(quantity, step = 'cancelled') AS cancelled,
                sumIf(quantity, step = 'returned') AS returned, {DECIMALS}
            FROM {_ROWS} PREWHERE {WITHIN} AND {_COUNTED}
            GROUP BY product_id, currency ORDER BY net DESC, product_id, currency LIMIT {{limit:UInt32}}
        )
        ORDER BY net DESC, product_id, currency
        {SETTINGS}
    """
    return sql, {"limit": asked.limit}


class CohortRow(BaseModel):
    """Of the customers whose first confirmed order was in the month `cohort`: how many ordered `months` later."""

    cohort: date
    months: int
    customers: int
    orders: int


def _cohorts(asked: Period, as_text: bool) -> Statement:
    sql = f"""
        SELECT toStartOfMonth({time_of("moment_1")}, {{zone:String}}) AS cohort,
            dateDiff('month', cohort, toStartOfMonth(at, {{zone:String}})) AS months,
            uniqExact(customer_key) AS customers, count() AS orders
        FROM (
            SELECT customer_key, at FROM {_ROWS} PREWHERE {_CONFIRMED} AND at >= {{begin:DateTime64(3, 'UTC')}}
        ) AS confirmed
        JOIN (
            SELECT customer_key, moment_1 FROM {_CUSTOMERS}
            WHERE moment_1 >= {begin_of_moments("{begin:DateTime64(3, 'UTC')}")}
                AND moment_1 < {begin_of_moments("{end:DateTime64(3, 'UTC')}")}
        ) AS customers ON confirmed.customer_key = customers.customer_key
        GROUP BY cohort, months ORDER BY cohort, months
        {SETTINGS}
    """
    return sql, {}


_TABLES = ("order_lines",)
REVENUE = Report(
    "/analytics/revenue",
    _TABLES,
    RevenueQuery,
    _revenue,
    RevenueRow,
    {
        "begins": "2026-01-05",
        "group": "lighting",
        "currency": "EUR",
        "revenue": "312.40",
        "confirmed": "352.30",
        "taken_back": "39.90",
        "orders": 9,
        "pieces": 11,
    },
    allow="analytics:read",
    summary="Revenue by time",
    description="By day, week or month; by category, country or segment of the customer: `new`, `returning` after the"
    " first and `loyal` after the third confirmed order. What is cancelled or comes back counts on the day when it"
    " does. Days without any are left out.",
)
FUNNEL = Report(
    "/analytics/funnel",
    _TABLES,
    Period,
    _funnel,
    FunnelRow,
    {"step": "confirmed", "orders": 90, "share": 0.9, "median_seconds": 0.4, "p90_seconds": 2.5},
    allow="analytics:read",
    summary="From placing an order to its return",
    description="Of the orders that were placed in the span: how many were confirmed, shipped, returned, cancelled, by"
    " now; the times are estimates.",
)
PRODUCTS = Report(
    "/analytics/products",
    _TABLES,
    ProductsQuery,
    _products,
    ProductRow,
    {
        "product_id": "product-7d0e3f0a-4f0e-5d0f-9d57-3c6f6f3c0001",
        "sku": "LAMP-1",
        "category": "lighting",
        "currency": "EUR",
        "revenue": "279.30",
        "confirmed": 8,
        "cancelled": 1,
        "returned": 0,
    },
    allow="analytics:read",
    summary="What products brought",
    description="The products that brought most in the span, less what was cancelled or came back; a row a currency.",
)
COHORTS = Report(
    "/analytics/cohorts",
    _TABLES,
    Period,
    _cohorts,
    CohortRow,
    {"cohort": "2026-01-01", "months": 1, "customers": 12, "orders": 15},
    allow="analytics:read",
    summary="Who comes back",
    description="Customers by the month of their first confirmed order, which lies in the span.",
)
