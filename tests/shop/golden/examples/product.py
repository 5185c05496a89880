"""Examples of every event of a product as it is today."""

from shared.events.money import Money
from shared.events.product import (
    ProductCreated,
    ProductDiscontinued,
    ProductPriceUpdated,
    ProductRestocked,
    ReservationRefused,
    StockReleased,
    StockReserved,
    StockTaken,
)
from twinpath.domain.events import DomainEvent

_ORDER = "order-0198c0de-0000-7000-8000-000000000003"
_PRICE, _TOTAL = Money(minor=1999, currency="EUR"), Money(minor=3998, currency="EUR")

EXAMPLES: list[DomainEvent] = [
    ProductCreated(name="Desk lamp", categories=("lighting",), sku="LAMP-1", price=_PRICE, on_hand=3),
    ProductCreated(name="Yen lamp", categories=("lighting",), sku="LAMP-2", price=Money(minor=2000, currency="JPY")),
    ProductPriceUpdated(price=_PRICE, previous_price=_TOTAL, reason="sale"),
    ProductRestocked(quantity=10, on_hand=13),
    ProductDiscontinued(),
    StockReserved(order_id=_ORDER, quantity=2, on_hand=1),
    ReservationRefused(order_id=_ORDER, quantity=2, on_hand=1, reason="insufficient_stock"),
    ReservationRefused(order_id=_ORDER, quantity=2, on_hand=9, reason="discontinued"),
    StockReleased(order_id=_ORDER, quantity=2, on_hand=3, discontinued=False),
    StockTaken(order_id=_ORDER, quantity=2),
]
