"""Rows of order_lines in a database of their own, as the projector inserts them, and what reports give of them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from projector_service.facts.order_lines import OrderLineRow, OrderLines
from query_service.analytics.orders import COHORTS, REVENUE
from twinpath.domain.report import Period, Report, Span
from twinpath.facts.clickhouse.connection import Connection
from twinpath.facts.clickhouse.store import ClickHouseFacts
from twinpath.facts.tables import Row, table_of

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TABLE = table_of(OrderLines())


class Orders:
    """The rows of one customer's orders; `digests` are made after each insert, or never."""

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

    async def asked(self, sql: str, further: Mapping[str, Any] = MappingProxyType({})) -> list[tuple[object, ...]]:
        """What a statement gives over the whole of March."""
        span = Span.of_period(Period.model_validate({"from": "2026-03-01", "to": "2026-03-31"}), NOON, "UTC")
        return [
            tuple(row)
            for row in await self.connection.rows(
                sql.replace("{facts}", self._database), {**span.parameters, **further}
            )
        ]

    async def segments(self) -> list[object]:
        """By the view, in the order of the orders' ids."""
        sql = "SELECT customer_segment FROM {facts}.order_lines WHERE step = 'confirmed' ORDER BY order_id"
        return [segment for (segment,) in await self.asked(sql)]

    async def report(self, report: Report[Any], **parameters: Any) -> list[tuple[object, ...]]:
        """What a report gives of that month."""
        asked = report.parameters.model_validate(parameters)
        sql, further = report.sql(asked, True)
        return await self.asked(sql, further)

    async def by_report(self) -> dict[object, object]:
        """Segment -> the number of orders, by the report."""
        return {row[1]: row[6] for row in await self.report(REVENUE, by="segment", interval="month")}

    async def cohorts(self) -> list[tuple[object, ...]]:
        """Months, customers and orders of each cohort."""
        return [row[1:] for row in await self.report(COHORTS)]

    async def close(self) -> None:
        """Leave nothing."""
        await self.connection.command(f"DROP DATABASE IF EXISTS {self._database}")
        await self.connection.close()


def order(number: int, apart: timedelta) -> list[Row]:
    """An order that is placed and, right after it, confirmed; each `apart` from the one before, in one of two logs."""
    at, ms = NOON + number * apart, 0x019AF0000000 + number
    order_id = f"order-{ms >> 16:08x}-{ms & 0xFFFF:04x}-7000-8000-000000000001"
    log, first = f"order.{number % 2}", number // 2 * 2 + 1
    price = Decimal("5.00")

    def row(step: str, revenue: Decimal) -> OrderLineRow:
        ids = (order_id, "customer-1", "product-1", "LAMP-1", "lighting", "DE", "")
        sold = 1 if step == "confirmed" else 0
        return OrderLineRow(step, *ids, 1, price, price, revenue, sold, "EUR", 2, 1, at, None)

    return [
        (log, first, 1, "order.placed", order_id, at, *row("placed", Decimal(0))),
        (log, first + 1, 1, "order.confirmed", order_id, at, *row("confirmed", price)),
    ]
