"""shop_dashboard: how the shop is doing, in parts a log; product_sales: what sells, one document a product.

`total/<log>` holds `by_status` counts and `revenue.<currency key>.{total, by_category.<quoted category>}`;
`<YYYY-MM>/<log>` holds `revenue.<currency key>` by quarter of an hour (quarters.py). Amounts are minor units. Revenue
is counted when an order is confirmed, and taken back from that moment when it is cancelled; what comes back is taken
from the moment of its return. Pieces of products without a category count for the category without a name, whose key is
a single `%`.
"""

from datetime import date
from urllib.parse import quote, unquote

from pydantic import BaseModel

from shared.events.money import Money, unstored_digits
from twinpath.domain import View

_WITHOUT_NAME = "%"
"""What no other category's key is: a percent sign stands before two digits there."""


def currency_key(money: Money) -> str:
    """What amounts are added up under: the currency and its digits, as in `EUR/2`."""
    return f"{money.currency}/{money.digits}"


def currency_of_key(key: str) -> tuple[str, int]:
    """The currency and its digits; parts that were written before have a currency alone."""
    currency, _, digits = key.partition("/")
    return currency, int(digits) if digits else unstored_digits(currency)


def category_key(category: str) -> str:
    """The category as one name of a dotted path; no two categories have the same."""
    return quote(category, safe="").replace(".", "%2E") or _WITHOUT_NAME


def category_of_key(key: str) -> str:
    """The category that a name of a path stands for."""
    return "" if key == _WITHOUT_NAME else unquote(key)


class DayRevenue(BaseModel):
    """What was confirmed on one day of the shop's time zone, less what came back on it."""

    day: date
    amount: str


class CategoryShare(BaseModel):
    """What one category has brought; null are products without any."""

    category: str | None
    amount: str


class Revenue(BaseModel):
    """In one currency: all of it, the last 30 days, and by category, the largest first."""

    currency: str
    total: str
    days: list[DayRevenue]
    categories: list[CategoryShare]


class TopProduct(BaseModel):
    """A product and how many pieces of it are sold, or kept for orders."""

    product_id: str
    name: str
    units: int


class ShopDashboard(BaseModel):
    """Orders by status, revenue by currency, the ten products that sell best."""

    orders_by_status: dict[str, int]
    revenue: list[Revenue]
    top_products: list[TopProduct]


SHOP_DASHBOARD = View("shop_dashboard", copy=True)
PRODUCT_SALES = View("product_sales", TopProduct, indexes=(("units",),))
