"""What can happen to a product and to its stock.

`on_hand` is what can still be reserved, after the event. Reserved pieces are not on hand; taken ones are gone.
"""

from typing import Any, ClassVar, Literal, get_args
from uuid import UUID, uuid5

from shared.events.money import WITH_DIGITS, Money
from twinpath.domain import DomainEvent, Upcaster, case_folded

_SKUS = UUID("0e6c5a1e-53a8-5a53-9a5f-6b0e5b8f9a11")


def sku_key(sku: str) -> str:
    """The form in which two spellings of one SKU are equal: upper and lower case, composed and decomposed letters, any
    blanks between two words."""
    return " ".join(case_folded(sku).split())


def product_id_of(sku: str) -> str:
    """The id of the product with this SKU, and so its stream: the log lets nobody else begin it (decision 0005)."""
    return f"product-{uuid5(_SKUS, sku_key(sku))}"


def _with_more_categories(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "more_categories": []}


def _without_more_categories(data: dict[str, Any]) -> dict[str, Any] | None:
    if data["category"] is None or data["more_categories"]:
        return None
    return {name: value for name, value in data.items() if name != "more_categories"}


class ProductCreated(DomainEvent):
    """The shop sells it from now on; `sku` is its own for ever. Its revenue counts for `category`, the first of its
    categories, null where it has none."""

    type: ClassVar[str] = "product.created"
    upcasters: ClassVar[tuple[Upcaster, ...]] = (
        WITH_DIGITS,
        Upcaster(_with_more_categories, downcast=_without_more_categories),
    )

    name: str
    category: str | None
    sku: str
    price: Money
    on_hand: int = 0
    more_categories: tuple[str, ...] = ()

    @property
    def categories(self) -> tuple[str, ...]:
        """All of them."""
        return () if self.category is None else (self.category, *self.more_categories)


class ProductRenamed(DomainEvent):
    """It has another name from now on."""

    type: ClassVar[str] = "product.renamed"

    name: str
    previous_name: str


class ProductRecategorised(DomainEvent):
    """It belongs to these categories from now on, and to no others; perhaps to none."""

    type: ClassVar[str] = "product.recategorised"

    categories: tuple[str, ...]
    previous_categories: tuple[str, ...]


class ProductPriceUpdated(DomainEvent):
    """It costs something else from now on; in the same currency, unless that had gone out of use."""

    type: ClassVar[str] = "product.price_updated"
    upcasters: ClassVar[tuple[Upcaster, ...]] = (WITH_DIGITS,)

    price: Money
    previous_price: Money
    reason: str


class ProductRestocked(DomainEvent):
    """Pieces came in."""

    type: ClassVar[str] = "product.restocked"

    quantity: int
    on_hand: int


class StockAdjusted(DomainEvent):
    """Somebody counted: so many pieces more, or fewer, are on hand than were known, and why."""

    type: ClassVar[str] = "product.stock_adjusted"

    change: int
    on_hand: int
    reason: str
    discontinued: bool


class ProductDiscontinued(DomainEvent):
    """The shop sells it no more; what is reserved is still delivered."""

    type: ClassVar[str] = "product.discontinued"


class ProductRelisted(DomainEvent):
    """The shop sells it again."""

    type: ClassVar[str] = "product.relisted"

    on_hand: int


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


class StockReturned(DomainEvent):
    """Pieces of an order came back, with its return of this number: some are on hand again, the others written off."""

    type: ClassVar[str] = "product.stock_returned"

    order_id: str
    number: int
    restocked: int
    written_off: int
    on_hand: int
    discontinued: bool


ProductEvent = (
    ProductCreated
    | ProductRenamed
    | ProductRecategorised
    | ProductPriceUpdated
    | ProductRestocked
    | StockAdjusted
    | ProductDiscontinued
    | ProductRelisted
    | StockReserved
    | ReservationRefused
    | StockReleased
    | StockTaken
    | StockReturned
)
PRODUCT_EVENTS: tuple[type[DomainEvent], ...] = get_args(ProductEvent)
