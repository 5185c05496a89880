"""stock_movements: a row whenever pieces of a product come, go, or are kept for an order."""

from collections.abc import Iterable
from typing import NamedTuple
from unicodedata import normalize

from shared.events.product import (
    ProductCreated,
    ProductRecategorised,
    ProductRestocked,
    StockAdjusted,
    StockReleased,
    StockReserved,
    StockReturned,
    StockTaken,
)
from twinpath.domain import Earlier, Facts, Label


class StockMovementRow(NamedTuple):
    """A movement of `quantity` pieces; `change` of what can be ordered, then `on_hand` where that is known.

    Reserved pieces can't be ordered any more, so that taking them changes nothing. `order_id` may be empty.
    """

    movement: Label
    product_id: str
    sku: str
    category: Label
    order_id: str
    quantity: int
    change: int
    on_hand: int | None


class StockMovements(Facts):
    """The category is the product's first at that moment, with its letters composed as in order_lines."""

    name = "stock_movements"
    row = StockMovementRow
    recalls = (ProductCreated, ProductRecategorised)

    def created(self, event: ProductCreated, earlier: Earlier) -> Iterable[StockMovementRow]:
        """Its first stock, if it has any."""
        if event.on_hand:
            stream = earlier.recorded.stream
            values = (event.on_hand, event.on_hand, event.on_hand)
            yield StockMovementRow("created", stream, event.sku, normalize("NFC", event.category or ""), "", *values)

    def restocked(self, event: ProductRestocked, earlier: Earlier) -> Iterable[StockMovementRow]:
        """Pieces came in."""
        yield _row("restocked", earlier, "", event.quantity, event.quantity, event.on_hand)

    def adjusted(self, event: StockAdjusted, earlier: Earlier) -> Iterable[StockMovementRow]:
        """Somebody counted."""
        yield _row("adjusted", earlier, "", abs(event.change), event.change, event.on_hand)

    def reserved(self, event: StockReserved, earlier: Earlier) -> Iterable[StockMovementRow]:
        """Kept for an order."""
        yield _row("reserved", earlier, event.order_id, event.quantity, -event.quantity, event.on_hand)

    def released(self, event: StockReleased, earlier: Earlier) -> Iterable[StockMovementRow]:
        """Kept no more."""
        yield _row("released", earlier, event.order_id, event.quantity, event.quantity, event.on_hand)

    def taken(self, event: StockTaken, earlier: Earlier) -> Iterable[StockMovementRow]:
        """It has left the house."""
        yield _row("taken", earlier, event.order_id, event.quantity, 0, None)

    def returned(self, event: StockReturned, earlier: Earlier) -> Iterable[StockMovementRow]:
        """It came back; what was written off can't be ordered."""
        back = event.restocked + event.written_off
        yield _row("returned", earlier, event.order_id, back, event.restocked, event.on_hand)


def _row(
    movement: str, earlier: Earlier, order_id: str, quantity: int, change: int, on_hand: int | None
) -> StockMovementRow:
    created, moved = earlier.last(ProductCreated), earlier.last(ProductRecategorised)
    category = (created.event.category if created else None) or ""
    if moved:
        category = moved.event.categories[0] if moved.event.categories else ""
    sku = created.event.sku if created else ""
    return StockMovementRow(
        movement, earlier.recorded.stream, sku, normalize("NFC", category), order_id, quantity, change, on_hand
    )
