"""The shop's dashboard: read in parts a log, added up here; the best-selling products by an index."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from query_service.ticket_dashboard import Parts, parts_of
from shared.events.money import amount_text
from shared.read_models.shop_dashboard import PRODUCT_SALES, SHOP_DASHBOARD, ShopDashboard, category_of_key
from shared.read_models.ticket_dashboard import month_id, total_id
from twinpath.domain import Dashboard, Document, Order, Reads

_TOP_PRODUCTS = 10
_STATUSES = ("placed", "confirmed", "rejected", "shipped", "cancelled", "returned")


async def _shop(reads: Reads) -> Mapping[str, Any]:
    """A ShopDashboard: the sums over the parts of every log."""
    logs = await reads.logs()
    days, parts = await parts_of(SHOP_DASHBOARD, logs, reads)
    totals = [parts[total_id(log)] for log in logs if total_id(log) in parts]
    statuses: Counter[str] = Counter()
    for total in totals:
        statuses.update(total.get("by_status", {}))
    currencies = sorted({currency for total in totals for currency in total.get("revenue", {})})
    return {
        "orders_by_status": {status: statuses[status] for status in _STATUSES},
        "revenue": [_revenue(currency, totals, parts, logs, days) for currency in currencies],
        "top_products": await reads.first(
            PRODUCT_SALES, _TOP_PRODUCTS, Order("units", descending=True), {"units": (1, None)}
        ),
    }


def _revenue(
    currency: str,
    totals: Sequence[Document],
    parts: Parts,
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
            {"category": category_of_key(key) or None, "amount": amount_text(minor, currency)}
            for key, minor in shares
            if minor
        ],
    }


def _of_day(currency: str, day: datetime, parts: Parts, logs: Sequence[str]) -> int:
    months = (parts.get(month_id(f"{day:%Y-%m}", log), {}) for log in logs)
    return sum(month.get("revenue", {}).get(currency, {}).get(f"{day:%d}", 0) for month in months)


DASHBOARD = Dashboard(
    "/shop/dashboard",
    (SHOP_DASHBOARD, PRODUCT_SALES),
    _shop,
    ShopDashboard,
    {
        "orders_by_status": {"placed": 0, "confirmed": 3, "rejected": 1, "shipped": 5, "cancelled": 1, "returned": 0},
        "revenue": [
            {
                "currency": "EUR",
                "total": "312.40",
                "days": [{"day": "2026-01-05", "amount": "39.98"}],
                "categories": [{"category": "lighting", "amount": "312.40"}],
            }
        ],
        "top_products": [
            {"product_id": "product-7d0e3f0a-4f0e-5d0f-9d57-3c6f6f3c0001", "name": "Desk lamp", "units": 12}
        ],
    },
    allow="shop:read",
    summary="How the shop is doing",
    description="Orders by status, revenue by currency, category and day (UTC, the last 30), the ten best-selling"
    " products. Revenue counts from the moment an order is confirmed; one that is cancelled later is taken back from"
    " that day, and what comes back from the day of its return.",
)
