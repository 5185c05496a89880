"""The shop's dashboard: read in parts a log, added up here; the best-selling products by an index."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from query_service.own_days import Parts
from shared.events.money import amount_text, rescaled
from shared.read_models.shop_dashboard import (
    PRODUCT_SALES,
    SHOP_DASHBOARD,
    ShopDashboard,
    category_of_key,
    currency_of_key,
)
from twinpath.domain import Dashboard, Order, Reads, case_folded

_TOP_PRODUCTS = 10
_STATUSES = ("placed", "confirmed", "rejected", "shipped", "cancelled", "returned")


async def _shop(reads: Reads) -> Mapping[str, Any]:
    """A ShopDashboard: the sums over the parts of every log."""
    parts = await Parts.read(SHOP_DASHBOARD, reads)
    statuses: Counter[str] = Counter()
    for total in parts.totals:
        statuses.update(total.get("by_status", {}))
    keys: dict[str, dict[str, int]] = {}
    for key in sorted({key for total in parts.totals for key in total.get("revenue", {})}):
        currency, digits = currency_of_key(key)
        keys.setdefault(currency, {})[key] = digits
    return {
        "orders_by_status": {status: statuses[status] for status in _STATUSES},
        "revenue": [_revenue(currency, digits_by_key, parts) for currency, digits_by_key in keys.items()],
        "top_products": await reads.first(
            PRODUCT_SALES, _TOP_PRODUCTS, Order("units", descending=True), {"units": (1, None)}
        ),
    }


def _revenue(currency: str, digits_by_key: Mapping[str, int], parts: Parts) -> dict[str, Any]:
    """What a currency has brought; where its number of digits has changed, in the most exact."""
    digits = max(digits_by_key.values())
    total, categories, by_day = 0, Counter[str](), Counter[date]()
    for key, own_digits in digits_by_key.items():
        scale = rescaled(1, own_digits, digits)
        for part in parts.totals:
            revenue = part.get("revenue", {}).get(key, {})
            total += revenue.get("total", 0) * scale
            categories.update({name: minor * scale for name, minor in revenue.get("by_category", {}).items()})
        by_day.update({day: minor * scale for day, minor in parts.by_day("revenue", key).items()})
    return {
        "currency": currency,
        "total": amount_text(total, digits),
        "days": [{"day": str(day), "amount": amount_text(by_day[day], digits)} for day in parts.days.days],
        "categories": [
            {"category": category or None, "amount": amount_text(minor, digits)}
            for category, minor in _shares(categories)
        ],
    }


def _shares(categories: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    """Each category once, however it was written, as it was written where it brought most; the largest first."""
    spellings: dict[str, list[tuple[int, str]]] = {}
    for key, minor in categories.items():
        category = category_of_key(key)
        spellings.setdefault(case_folded(category), []).append((minor, category))
    shares = [(max(written)[1], sum(minor for minor, _ in written)) for written in spellings.values()]
    return sorted((share for share in shares if share[1]), key=lambda share: (-share[1], share[0]))


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
    description="Orders by status, revenue by currency, category and day (the last 30 of the shop's time zone), the"
    " ten best-selling products. Revenue counts from the moment an order is confirmed; one that is cancelled later is"
    " taken back from that day, and what comes back from the day of its return.",
)
