"""The shop's dashboard: read in parts a log, added up here; the best-selling products by an index."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from query_service.ticket_dashboard_queries import DAYS
from shared.events.money import amount_text
from shared.read_models.shop_dashboard import PRODUCT_SALES, SHOP_DASHBOARD, category_of_key
from shared.read_models.ticket_dashboard import month_id, total_id
from twinpath.clock import Clock, utc_now
from twinpath.domain.views import Document, Order
from twinpath.queries.reading.views import Selection, ViewQueries

_TOP = Selection(PRODUCT_SALES, order=Order("units", descending=True), ranges={"units": (1, None)})
_TOP_PRODUCTS = 10
_STATUSES = ("placed", "confirmed", "rejected", "shipped", "cancelled")


class ShopDashboardQueries:
    """Reads the parts. `fresh` reads past the cache, which may trail the view's checkpoint."""

    def __init__(self, views: ViewQueries, clock: Clock = utc_now) -> None:
        self._views = views
        self._clock = clock

    async def body(self, logs: Sequence[str], fresh: bool = False) -> bytes:
        """A ShopDashboard, ready to send: the sums over the parts of these logs. Raises Unavailable."""
        days = [self._clock().astimezone(UTC) - timedelta(days=ago) for ago in range(DAYS)]
        months = sorted({f"{day:%Y-%m}" for day in days})
        ids = [*map(total_id, logs), *(month_id(month, log) for month in months for log in logs)]
        ready = await self._views.ready_many(SHOP_DASHBOARD, ids, fresh)
        parts = {part_id: orjson.loads(part.body) for part_id, part in ready.items()}
        totals = [parts[total_id(log)] for log in logs if total_id(log) in parts]
        statuses: Counter[str] = Counter()
        for total in totals:
            statuses.update(total.get("by_status", {}))
        currencies = sorted({currency for total in totals for currency in total.get("revenue", {})})
        top = await self._views.page(_TOP, None, _TOP_PRODUCTS)
        dashboard = {
            "orders_by_status": {status: statuses[status] for status in _STATUSES},
            "revenue": [_revenue(currency, totals, parts, logs, days) for currency in currencies],
            "top_products": [{name: one[name] for name in ("product_id", "name", "units")} for one in top.documents],
        }
        return orjson.dumps(dashboard)


def _revenue(
    currency: str,
    totals: Sequence[Document],
    parts: Mapping[str, Document],
    logs: Sequence[str],
    days: Sequence[datetime],
) -> dict[str, Any]:
    revenues = [total.get("revenue", {}).get(currency, {}) for total in totals]
    categories: Counter[str] = Counter()
    for revenue in revenues:
        categories.update(revenue.get("by_category", {}))
    shares = sorted(categories.items(), key=lambda share: (-share[1], share[0]))
    return {
        "currency": currency,
        "total": amount_text(sum(revenue.get("total", 0) for revenue in revenues), currency),
        "days": [
            {"day": f"{day:%Y-%m-%d}", "amount": amount_text(_of_day(currency, day, parts, logs), currency)}
            for day in days
        ],
        "categories": [
            {"category": category_of_key(key), "amount": amount_text(minor, currency)} for key, minor in shares if minor
        ],
    }


def _of_day(currency: str, day: datetime, parts: Mapping[str, Document], logs: Sequence[str]) -> int:
    months = (parts.get(month_id(f"{day:%Y-%m}", log), {}) for log in logs)
    return sum(month.get("revenue", {}).get(currency, {}).get(f"{day:%d}", 0) for month in months)
