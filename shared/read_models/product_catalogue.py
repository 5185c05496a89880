"""product_catalogue: one document a product, for the list and by id; product_prices: one a price it ever had."""

from datetime import datetime

from pydantic import BaseModel

from shared.read_models.prices import Price
from twinpath.domain import Ranges, Searchable, View

PRICE_ORDER = "price_order"
"""The field that lists are sorted by: the price as a whole number."""
CATEGORY_KEYS = "category_keys"
"""The field that lists are filtered by: the categories as they are compared, see `case_folded`."""


class ProductDetails(BaseModel):
    """A product. `category` is the first of its `categories`, null where it has none; `on_hand` can be ordered,
    `reserved` is kept for orders; times are UTC."""

    product_id: str
    name: str
    category: str | None
    categories: list[str] = []
    sku: str
    price: Price
    on_hand: int
    reserved: int
    in_stock: bool
    discontinued: bool
    created_at: datetime
    updated_at: datetime
    version: int


class PriceEntry(BaseModel):
    """A price from a moment on, and why; `previous_price` and `reason` are null for the first."""

    version: int
    price: Price
    previous_price: Price | None
    reason: str | None
    at: datetime
    by: str


PRODUCT_CATALOGUE = View(
    "product_catalogue",
    ProductDetails,
    filters=("in_stock", "discontinued"),
    sorts={"name": "name", "price": PRICE_ORDER},
    collated=("name",),
    copy=True,
    indexes=(("name",), (PRICE_ORDER,), (CATEGORY_KEYS, "name"), (CATEGORY_KEYS, PRICE_ORDER)),
    search=Searchable(
        text=("name", "categories"),
        exact=("sku",),
        facets=("categories", "in_stock", "discontinued", Ranges("price", (10, 25, 50, 100, 250), PRICE_ORDER, 10_000)),
        alike=("categories",),
        suggest=("name",),
        filters=("price.currency",),
        numbers=(PRICE_ORDER,),
    ),
)
PRODUCT_PRICES = View("product_prices", PriceEntry, internal=("reason", "by"), indexes=(("product_id",),))


def price_id(product_id: str, version: int) -> str:
    """Id of a price; sorts by version within the product."""
    return f"{product_id}@{version:010d}"
