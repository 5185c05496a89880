"""What can happen to an order. The shipping address, the tracking number and callers' reasons are personal: None once
the customer is erased."""

from datetime import datetime
from typing import Any, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from shared.events.money import WITH_DIGITS, Money, with_digits, without_digits
from twinpath.domain import DomainEvent, Upcaster

OrderStatus = Literal["placed", "confirmed", "rejected", "shipped", "cancelled", "returned"]


_LEFT_OUT: Any = Field(None, exclude_if=lambda value: value is None)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OrderLine(_Part):
    """One product of an order, as the catalogue had it when the order was placed.

    `category` is the first of the product's categories, empty where it had none.
    """

    product_id: str
    sku: str
    name: str
    category: str
    quantity: int
    unit_price: Money


class ShippingAddress(_Part):
    """Where it goes; `country` is an ISO 3166 two-letter code, or XK. What an address does not have is left out."""

    name: str
    street: str
    second_line: str | None = _LEFT_OUT
    district: str | None = _LEFT_OUT
    city: str | None = _LEFT_OUT
    region: str | None = _LEFT_OUT
    postal_code: str | None = _LEFT_OUT
    sorting_code: str | None = _LEFT_OUT
    country: str


class ProductQuantity(_Part):
    """So many pieces of a product; an order names each product once here."""

    product_id: str
    quantity: int


class CategoryRevenue(_Part):
    """What an order brings in one category, in minor units of the order's currency; without a name where products have
    no category."""

    category: str
    minor: int


class ReturnedPieces(_Part):
    """Pieces of a product that came back: so many can be sold again, so many can't."""

    product_id: str
    restocked: int
    written_off: int


def _as_placed_before(data: dict[str, Any]) -> dict[str, Any] | None:
    """Version 0.1.0 had one form of address for all countries."""
    address = data["shipping_address"]
    if address is not None and (address.keys() != _FIRST_ADDRESS or None in address.values()):
        return None
    return without_digits(data)


_FIRST_ADDRESS = {"name", "street", "city", "postal_code", "country"}


class OrderPlaced(DomainEvent):
    """A customer ordered; whether it can be delivered is not known yet."""

    type: ClassVar[str] = "order.placed"
    upcasters: ClassVar[tuple[Upcaster, ...]] = (Upcaster(with_digits, downcast=_as_placed_before),)
    personal: ClassVar[tuple[str, ...]] = ("shipping_address",)
    personal_of: ClassVar[str | None] = "customer_id"

    customer_id: str
    lines: tuple[OrderLine, ...]
    total: Money
    shipping_address: ShippingAddress | None
    placed_at: datetime


class OrderConfirmed(DomainEvent):
    """Every piece is kept for it; from now on it counts as revenue."""

    type: ClassVar[str] = "order.confirmed"
    upcasters: ClassVar[tuple[Upcaster, ...]] = (WITH_DIGITS,)

    total: Money
    revenue: tuple[CategoryRevenue, ...]
    confirmed_at: datetime


class OrderRejected(DomainEvent):
    """A product was short: `on_hand` of the `quantity` that was ordered were there."""

    type: ClassVar[str] = "order.rejected"

    product_id: str
    quantity: int
    on_hand: int
    reason: Literal["insufficient_stock", "discontinued"]


def _of_nobody(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "customer_id": None}


def _as_unsealed(data: dict[str, Any]) -> dict[str, Any] | None:
    return None if data["customer_id"] is not None else {name: data[name] for name in data if name != "customer_id"}


_SEALED = Upcaster(_of_nobody, personal=(), downcast=_as_unsealed)
"""Between schemas in which nothing was sealed, and those that say whose key seals."""


class OrderShipped(DomainEvent):
    """It has left the house. With the tracking number its carrier tells where it went."""

    type: ClassVar[str] = "order.shipped"
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_SEALED,)
    personal: ClassVar[tuple[str, ...]] = ("tracking_number",)
    personal_of: ClassVar[str | None] = "customer_id"
    outlives: ClassVar[bool] = True

    carrier: str
    tracking_number: str | None
    products: tuple[ProductQuantity, ...]
    customer_id: str | None = None


RAN_OUT, CUSTOMER_ERASED = "The reservation has run out.", "The customer is erased."
TOO_MUCH_UNSHIPPED = "The customer's open orders hold too many pieces."
REASONS_OF_THE_SHOP = frozenset({RAN_OUT, CUSTOMER_ERASED, TOO_MUCH_UNSHIPPED})
"""What the shop itself cancels orders for, which names nobody."""


class OrderCancelled(DomainEvent):
    """It will not be delivered. `confirmed_at` is given when it had been confirmed: its revenue is taken back. The
    customer is named where the reason is a caller's, which is personal."""

    type: ClassVar[str] = "order.cancelled"
    upcasters: ClassVar[tuple[Upcaster, ...]] = (WITH_DIGITS, _SEALED)
    personal: ClassVar[tuple[str, ...]] = ("reason",)
    personal_of: ClassVar[str | None] = "customer_id"
    outlives: ClassVar[bool] = True

    reason: str | None
    previous_status: Literal["placed", "confirmed"]
    total: Money
    revenue: tuple[CategoryRevenue, ...]
    confirmed_at: datetime | None
    products: tuple[ProductQuantity, ...]
    customer_id: str | None = None


class OrderReturned(DomainEvent):
    """Pieces of a shipped order came back; `number` counts the returns of the order, `complete` says that nothing is
    left out there. `refund` and `revenue` are what these pieces had brought: the revenue of this day is less by it."""

    type: ClassVar[str] = "order.returned"
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_SEALED,)
    personal: ClassVar[tuple[str, ...]] = ("reason",)
    personal_of: ClassVar[str | None] = "customer_id"
    outlives: ClassVar[bool] = True

    number: int
    products: tuple[ReturnedPieces, ...]
    reason: str | None
    refund: Money
    refunded: Money
    """By all returns of the order so far."""
    revenue: tuple[CategoryRevenue, ...]
    complete: bool
    returned_at: datetime
    customer_id: str | None = None


OrderEvent = OrderPlaced | OrderConfirmed | OrderRejected | OrderShipped | OrderCancelled | OrderReturned
ORDER_EVENTS: tuple[type[DomainEvent], ...] = get_args(OrderEvent)
