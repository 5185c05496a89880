"""What can happen to a product and to its stock.

`on_hand` is what can still be reserved, after the event. Reserved pieces are not on hand; taken ones are gone.
"""

from typing import ClassVar, Literal, get_args

from shared.events.money import Money, with_digits
from twinpath.domain import DomainEvent, Upcaster


class ProductCreated(DomainEvent):
    """The shop sells it from now on; `sku` is its own for ever."""

    type: ClassVar[str] = "product.created"
    upcasters: ClassVar[tuple[Upcaster, ...]] = (Upcaster(with_digits),)

    name: str
    category: str
    sku: str
    price: Money
    on_hand: int = 0


class ProductPriceUpdated(DomainEvent):
    """It costs something else from now on; in the same currency."""

    type: ClassVar[str] = "product.price_updated"
    upcasters: ClassVar[tuple[Upcaster, ...]] = (Upcaster(with_digits),)

    price: Money
    previous_price: Money
    reason: str


class ProductRestocked(DomainEvent):
    """Pieces came in."""

    type: ClassVar[str] = "product.restocked"

    quantity: int
    on_hand: int


class ProductDiscontinued(DomainEvent):
    """The shop sells it no more; what is reserved is still delivered."""

    type: ClassVar[str] = "product.discontinued"


class StockReserved(DomainEvent):
    """Pieces are kept for an order."""

    type: ClassVar[str] = "product.stock_reserved"

    order_id: str
    quantity: int
    on_hand: int


class ReservationRefused(DomainEvent):
    """There were not enough pieces for an order, or the product is discontinued: `on_hand` were there."""

    type: ClassVar[str] = "product.reservation_refused"

    order_id: str
    quantity: int
    on_hand: int
    reason: Literal["insufficient_stock", "discontinued"]


class StockReleased(DomainEvent):
    """What was kept for an order is on hand again; of a discontinued product it can't be ordered all the same."""

    type: ClassVar[str] = "product.stock_released"

    order_id: str
    quantity: int
    on_hand: int
    discontinued: bool


class StockTaken(DomainEvent):
    """What was kept for an order has left the house."""

    type: ClassVar[str] = "product.stock_taken"

    order_id: str
    quantity: int


ProductEvent = (
    ProductCreated
    | ProductPriceUpdated
    | ProductRestocked
    | ProductDiscontinued
    | StockReserved
    | ReservationRefused
    | StockReleased
    | StockTaken
)
PRODUCT_EVENTS: tuple[type[DomainEvent], ...] = get_args(ProductEvent)
