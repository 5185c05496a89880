"""A customer's segment in the view and in the report: by what was confirmed before, also at one moment or late."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from projector_service.facts.order_lines import OrderLineRow, OrderLines
from query_service.analytics.orders import COHORTS, REVENUE
from twinpath.domain.report import Period, Span
from twinpath.facts.clickhouse.connection import Connection
from twinpath.facts.clickhouse.store import ClickHouseFacts
from twinpath.facts.tables import Row, table_of

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TABLE = table_of(OrderLines())
SEGMENTS = ["new", "returning", "returning", "loyal", "loyal"]


class Orders:
    """The rows of one customer's orders in a database of their own."""

    def __init__(self, url: str, digests: bool) -> None:
        self.connection = Connection(url)
        self._digests = digests
        self._database = f"t{uuid4().hex[:10]}"
        self._store = ClickHouseFacts(self.connection, self._database)

    async def insert(self, rows: Sequence[Row]) -> None:
        """As the projector does."""
        await self._store.prepare(TABLE)
        await self._store.insert(TABLE, rows)
        if self._digests:
            await self._store.digest(TABLE, least=1)

    async def asked(self, sql: str) -> list[tuple[object, ...]]:
        """What a statement gives over the whole of March."""
        span = Span.of_period(Period.model_validate({"from": "2026-03-01", "to": "2026-03-31"}), NOON, "UTC")
        return [
            tuple(row)
            for row in await self.connection.rows(sql.replace("{facts}", self._database), dict(span.parameters))
        ]

    async def segments(self) -> list[object]:
        """By the view, in the order of the orders' ids."""
        sql = "SELECT customer_segment FROM {facts}.order_lines WHERE step = 'confirmed' ORDER BY order_id"
        return [segment for (segment,) in await self.asked(sql)]

    async def by_report(self) -> dict[object, object]:
        """Segment -> the number of orders, by the report."""
        sql, _ = REVENUE.sql(REVENUE.parameters.model_validate({"by": "segment", "interval": "month"}), True)
        return {row[1]: row[6] for row in await self.asked(sql)}

    async def cohorts(self) -> list[tuple[object, ...]]:
        """Months, customers and orders of each cohort."""
        sql, _ = COHORTS.sql(COHORTS.parameters(), True)
        return [row[1:] for row in await self.asked(sql)]

    async def close(self) -> None:
        """Leave nothing."""
        await self.connection.command(f"DROP DATABASE IF EXISTS {self._database}")
        await self.connection.close()


@pytest.fixture(params=[False, True], ids=["of rows", "of digests"])
async def orders(request: pytest.FixtureRequest, clickhouse_url: str) -> AsyncIterator[Orders]:
    orders = Orders(clickhouse_url, request.param)
    yield orders
    await orders.close()


def order(number: int, apart: timedelta) -> list[Row]:
    """An order that is placed and, right after it, confirmed; each `apart` from the one before, in one of two logs."""
    at, ms = NOON + number * apart, 0x019AF0000000 + number
    order_id = f"order-{ms >> 16:08x}-{ms & 0xFFFF:04x}-7000-8000-000000000001"
    log, first = f"order.{number % 2}", number // 2 * 2 + 1
    price = Decimal("5.00")

    def row(step: str, revenue: Decimal) -> OrderLineRow:
        ids = (order_id, "customer-1", "product-1", "LAMP-1", "lighting", "DE", "")
        return OrderLineRow(step, *ids, 1, price, price, revenue, "EUR", 2, 1, at, None)

    return [
        (log, first, 1, "order.placed", order_id, at, *row("placed", Decimal(0))),
        (log, first + 1, 1, "order.confirmed", order_id, at, *row("confirmed", price)),
    ]


@pytest.mark.parametrize("apart", [timedelta(0), timedelta(hours=1)], ids=["at one moment", "hours apart"])
async def test_segments_count_what_was_confirmed_before(orders: Orders, apart: timedelta) -> None:
    await orders.insert([row for number in range(5) for row in order(number, apart)])

    assert await orders.segments() == SEGMENTS
    assert await orders.by_report() == {"new": 1, "returning": 2, "loyal": 2}
    assert await orders.cohorts() == [(0, 1, 5)]


async def test_rows_that_come_late_or_twice_change_no_segment(orders: Orders) -> None:
    for number in (4, 2, 3, 1, 0, 2, 2, 4):
        await orders.insert(order(number, timedelta(hours=1)))

    assert await orders.segments() == SEGMENTS
    assert await orders.by_report() == {"new": 1, "returning": 2, "loyal": 2}
    assert await orders.cohorts() == [(0, 1, 5)]


async def test_an_order_that_was_confirmed_in_the_moment_of_the_next_is_before_it(orders: Orders) -> None:
    placed, confirmed = order(0, timedelta(0))
    later = (NOON + timedelta(minutes=5), *confirmed[6:])
    await orders.insert([placed, (*confirmed[:5], *later)])
    await orders.insert(order(1, timedelta(minutes=5)))

    assert await orders.segments() == ["new", "returning"]
    assert await orders.by_report() == {"new": 1, "returning": 1}


async def test_a_customer_without_a_confirmed_order_is_new(orders: Orders) -> None:
    _, confirmed = order(0, timedelta(0))
    taken_back = [part if part != "confirmed" else "cancelled" for part in confirmed]
    await orders.insert([tuple(taken_back)])

    sql, _ = REVENUE.sql(REVENUE.parameters.model_validate({"by": "segment", "interval": "month"}), True)
    assert [row[1] for row in await orders.asked(sql)] == ["new"]
