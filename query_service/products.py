"""Products: the catalogue, one product, its prices, its history."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from shared.events.product import product_id_of
from shared.read_models.product_catalogue import CATEGORY_KEYS, PRICE_ORDER, PRODUCT_CATALOGUE, PRODUCT_PRICES
from twinpath.domain import Filters, Listing, Range, Resource, SubList, case_folded

_TEN_THOUSANDTHS = Decimal(10_000)

Amount = Annotated[
    Decimal, Field(ge=0, le=10**11, max_digits=18, decimal_places=4, allow_inf_nan=False, examples=["19.99"])
]


class ProductFilters(Filters):
    """A price is an exact amount, of whatever currency unless one is named; a SKU finds its product."""

    sku: Annotated[str | None, Field(max_length=255, description="whatever its case and its blanks")] = None
    category: Annotated[str | None, Field(max_length=750, description="takes the products that have it too")] = None
    currency: Annotated[str | None, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"])] = None
    min_price: Amount | None = None
    max_price: Amount | None = None

    @field_validator("max_price")
    @classmethod
    def _above_min_price(cls, most: Decimal | None, info: ValidationInfo) -> Decimal | None:
        least = info.data.get("min_price")
        if most is not None and least is not None and most < least:
            raise ValueError("max_price is below min_price")
        return most

    def where(self) -> Mapping[str, Any]:
        """See Filters.where."""
        asked = {
            "_id": None if self.sku is None else product_id_of(self.sku),
            CATEGORY_KEYS: None if self.category is None else case_folded(self.category.strip()),
            "price.currency": self.currency,
        }
        return {path: value for path, value in asked.items() if value is not None}

    def ranges(self) -> Mapping[str, Range]:
        """See Filters.ranges."""
        prices = (_scaled(self.min_price), _scaled(self.max_price))
        return {} if prices == (None, None) else {PRICE_ORDER: prices}


def _scaled(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount * _TEN_THOUSANDTHS)


_PRICE = {"amount": "19.99", "currency": "EUR"}
_PRODUCT = {
    "product_id": "product-7d0e3f0a-4f0e-5d0f-9d57-3c6f6f3c0001",
    "name": "Desk lamp",
    "category": "lighting",
    "categories": ["lighting"],
    "sku": "LAMP-1",
    "price": _PRICE,
    "on_hand": 8,
    "reserved": 2,
    "in_stock": True,
    "discontinued": False,
    "created_at": "2026-01-05T09:00:00.000000Z",
    "updated_at": "2026-01-05T09:40:00.000000Z",
    "version": 3,
}
_PRICE_ENTRY = {
    "version": 2,
    "price": _PRICE,
    "previous_price": {"amount": "24.99", "currency": "EUR"},
    "reason": "Autumn sale",
    "at": "2026-01-05T09:20:00.000000Z",
    "by": "agent-ann",
}

PRODUCT = Resource(
    "product",
    PRODUCT_CATALOGUE,
    _PRODUCT,
    allow="catalogue:read",
    listing=Listing(
        "product",
        PRODUCT_CATALOGUE,
        _PRODUCT,
        filters=ProductFilters,
        description="By SKU, category, stock, currency and price; sorted by name or price.",
    ),
    sublists=[
        SubList(
            "/prices",
            Listing("price", PRODUCT_PRICES, _PRICE_ENTRY, description="What it cost, since when, and why it changed."),
            by="product_id",
            keyed=True,
        )
    ],
)
