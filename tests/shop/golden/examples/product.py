"""Examples of every event of a product as it is today."""

from shared.events.money import Money
from shared.events.product import (
    ProductCreated,
    ProductDiscontinued,
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
from twinpath.domain.events import DomainEvent

_ORDER = "order-0198c0de-0000-7000-8000-000000000003"
_PRICE, _TOTAL = Money(minor=1999, currency="EUR"), Money(minor=3998, currency="EUR")

EXAMPLES: list[DomainEvent] = [
    ProductCreated(name="Desk lamp", category="lighting", sku="LAMP-1", price=_PRICE, on_hand=3),
    ProductCreated(name="Yen lamp", category="lighting", sku="LAMP-2", price=Money(minor=2000, currency="JPY")),
    ProductPriceUpdated(price=_PRICE, previous_price=_TOTAL, reason="sale"),
    ProductCreated(name="Any lamp", category=None, sku="LAMP 3/#", price=Money(minor=0, currency="EUR")),
    ProductCreated(
        name="Desk lamp",
        category="lighting",
        sku="LAMP-4",
        price=_PRICE,
        on_hand=3,
        more_categories=("Home & Garden > Lamps",),
    ),
    ProductRenamed(name="Desk lamp, brass", previous_name="Desk lamp"),
    ProductRecategorised(categories=("lighting", "Home & Garden > Lamps"), previous_categories=("lighting",)),
    ProductRecategorised(categories=(), previous_categories=("lighting",)),
    ProductRestocked(quantity=10, on_hand=13),
    StockAdjusted(change=-2, on_hand=11, reason="Two were broken", discontinued=False),
    ProductDiscontinued(),
    ProductRelisted(on_hand=11),
    StockReserved(order_id=_ORDER, quantity=2, on_hand=1),
    ReservationRefused(order_id=_ORDER, quantity=2, on_hand=1, reason="insufficient_stock"),
    ReservationRefused(order_id=_ORDER, quantity=2, on_hand=9, reason="discontinued"),
    StockReleased(order_id=_ORDER, quantity=2, on_hand=3, discontinued=False),
    StockTaken(order_id=_ORDER, quantity=2),
    StockReturned(order_id=_ORDER, number=1, restocked=1, written_off=1, on_hand=12, discontinued=False),
]
