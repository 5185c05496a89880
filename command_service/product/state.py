"""A product as its rules need it, folded from its events."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from shared.events.money import Money
from shared.events.product import (
    ProductCreated,
    ProductDiscontinued,
    ProductEvent,
    ProductPriceUpdated,
    ProductRecategorised,
    ProductRelisted,
    ProductRenamed,
    ProductRestocked,
    ReservationRefused,
    StockAdjusted,
    StockReleased,
    StockReserved,
    StockReturned,
    StockTaken,
)


@dataclass(frozen=True)
class Product:
    """The state that the rules need; `reserved` is order id -> pieces, which are not on hand."""

    name: str
    categories: tuple[str, ...]
    sku: str
    price: Money
    on_hand: int
    reserved: Mapping[str, int] = field(default_factory=dict)
    discontinued: bool = False


def evolve(product: Product | None, event: ProductEvent) -> Product:
    """The product after the event."""
    if isinstance(event, ProductCreated):
        return Product(event.name, event.categories, event.sku, event.price, event.on_hand)
    assert product is not None, "a product's first event creates it"
    match event:
        case ProductRenamed():
            return replace(product, name=event.name)
        case ProductRecategorised():
            return replace(product, categories=event.categories)
        case ProductPriceUpdated():
            return replace(product, price=event.price)
        case ProductRestocked() | StockAdjusted() | StockReturned():
            return replace(product, on_hand=event.on_hand)
        case ProductDiscontinued():
            return replace(product, discontinued=True)
        case ProductRelisted():
            return replace(product, discontinued=False)
        case StockReserved():
            reserved = {**product.reserved, event.order_id: event.quantity}
            return replace(product, on_hand=event.on_hand, reserved=reserved)
        case ReservationRefused():
            return product
        case StockReleased():
            return replace(_without(product, event.order_id), on_hand=event.on_hand)
        case StockTaken():
            return _without(product, event.order_id)
        case _:
            assert_never(event)


def _without(product: Product, order_id: str) -> Product:
    return replace(product, reserved={key: kept for key, kept in product.reserved.items() if key != order_id})
