"""The rules of a product's stock: restocked, counted anew, kept for orders, given back, taken, returned.

What is on hand can still be reserved; it is never below zero. Reserved pieces are not on hand.
"""

from command_service.product.commands import AdjustStock, ReleaseStock, ReserveStock, Restock, ReturnStock, TakeStock
from command_service.product.state import Product
from shared.events.product import (
    ProductEvent,
    ProductRestocked,
    ReservationRefused,
    StockAdjusted,
    StockReleased,
    StockReserved,
    StockReturned,
    StockTaken,
)
from twinpath.domain import RuleViolation


def restock(command: Restock, product: Product) -> list[ProductEvent]:
    """Pieces come in."""
    return [ProductRestocked(quantity=command.quantity, on_hand=product.on_hand + command.quantity)]


def adjust(command: AdjustStock, product: Product) -> list[ProductEvent]:
    """Somebody counted. Raises RuleViolation: `insufficient_stock`."""
    if command.change == 0:
        return []
    left = product.on_hand + command.change
    if left < 0:
        facts = {"product_id": command.product_id, "requested": -command.change, "available": product.on_hand}
        detail = f"Of product {command.product_id} {-command.change} pieces can't go: {product.on_hand} are on hand."
        raise RuleViolation(detail, code="insufficient_stock", **facts)
    discontinued = product.discontinued
    return [StockAdjusted(change=command.change, on_hand=left, reason=command.reason, discontinued=discontinued)]


def reserve(command: ReserveStock, product: Product) -> list[ProductEvent]:
    """Keep pieces, or refuse to: either is an event."""
    if command.order_id in product.reserved:
        return []
    left = product.on_hand - command.quantity
    if left >= 0 and not product.discontinued:
        return [StockReserved(order_id=command.order_id, quantity=command.quantity, on_hand=left)]
    return [
        ReservationRefused(
            order_id=command.order_id,
            quantity=command.quantity,
            on_hand=product.on_hand,
            reason="discontinued" if product.discontinued else "insufficient_stock",
        )
    ]


def release(command: ReleaseStock, product: Product) -> list[ProductEvent]:
    """Give back what is kept, if anything is."""
    kept = product.reserved.get(command.order_id)
    if kept is None:
        return []
    on_hand = product.on_hand + kept
    order_id, discontinued = command.order_id, product.discontinued
    return [StockReleased(order_id=order_id, quantity=kept, on_hand=on_hand, discontinued=discontinued)]


def take(command: TakeStock, product: Product) -> list[ProductEvent]:
    """What is kept leaves the house."""
    kept = product.reserved.get(command.order_id)
    return [] if kept is None else [StockTaken(order_id=command.order_id, quantity=kept)]


def come_back(command: ReturnStock, product: Product) -> list[ProductEvent]:
    """Pieces come back; the order's rules have counted them."""
    return [
        StockReturned(
            order_id=command.order_id,
            number=command.number,
            restocked=command.restocked,
            written_off=command.written_off,
            on_hand=product.on_hand + command.restocked,
            discontinued=product.discontinued,
        )
    ]
