"""An order as its rules need it, folded from its events."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, assert_never

from pydantic import Field

from shared.events.money import Money
from shared.events.order import (
    CategoryRevenue,
    OrderCancelled,
    OrderConfirmed,
    OrderEvent,
    OrderPlaced,
    OrderRejected,
    OrderReturned,
    OrderShipped,
    OrderStatus,
    ProductQuantity,
)


@dataclass(frozen=True)
class Line:
    """A product of an order, at the price of when it was placed."""

    product_id: str
    category: str
    quantity: int
    unit_price: Money


@dataclass(frozen=True)
class Order:
    """The state that the rules, and the later events, need; `returned` is product id -> pieces that came back."""

    status: OrderStatus
    customer_id: str
    total: Money
    lines: tuple[Line, ...]
    confirmed_at: datetime | None = None
    carrier: str | None = None
    tracking_number: Annotated[str | None, Field(exclude=True)] = None
    """Personal, so it is in no snapshot: from one on, the same shipment again is taken for another."""
    returns: int = 0
    refunded: int = 0
    """In minor units, with the digits of the total."""
    returned: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether it may still be sent to its customer."""
        return self.status in ("placed", "confirmed")

    @property
    def pieces(self) -> tuple[ProductQuantity, ...]:
        """How many of which product."""
        return tuple(ProductQuantity(product_id=line.product_id, quantity=line.quantity) for line in self.lines)

    def price_of(self, line: Line, quantity: int) -> Money:
        """Of some pieces of a line, with the digits of the total."""
        return line.unit_price.in_digits(self.total.digits).times(quantity)

    @property
    def revenue(self) -> tuple[CategoryRevenue, ...]:
        """What the order brings, by category."""
        return revenue_of((line.category, self.price_of(line, line.quantity).minor) for line in self.lines)


def revenue_of(amounts: Iterable[tuple[str, int]]) -> tuple[CategoryRevenue, ...]:
    """Minor units by category."""
    minor: Counter[str] = Counter()
    for category, amount in amounts:
        minor[category] += amount
    return tuple(CategoryRevenue(category=category, minor=minor[category]) for category in sorted(minor))


def evolve(order: Order | None, event: OrderEvent) -> Order:
    """The order after the event."""
    if isinstance(event, OrderPlaced):
        lines = tuple(Line(line.product_id, line.category, line.quantity, line.unit_price) for line in event.lines)
        return Order("placed", event.customer_id, event.total, lines)
    assert order is not None, "an order's first event places it"
    match event:
        case OrderConfirmed():
            return replace(order, status="confirmed", confirmed_at=event.confirmed_at)
        case OrderRejected():
            return replace(order, status="rejected")
        case OrderShipped():
            return replace(order, status="shipped", carrier=event.carrier, tracking_number=event.tracking_number)
        case OrderCancelled():
            return replace(order, status="cancelled")
        case OrderReturned():
            returned = Counter(order.returned)
            for back in event.products:
                returned[back.product_id] += back.restocked + back.written_off
            status: OrderStatus = "returned" if event.complete else order.status
            order = replace(order, status=status, returned=dict(returned))
            return replace(order, returns=event.number, refunded=event.refunded.minor)
        case _:
            assert_never(event)
