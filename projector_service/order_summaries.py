"""Writes order_summaries: one order from placing to delivery, without the customer's name."""

from collections.abc import Iterable
from typing import Any

from shared.events.customer import CustomerErased
from shared.events.order import (
    REASONS_OF_THE_SHOP,
    OrderCancelled,
    OrderConfirmed,
    OrderLine,
    OrderPlaced,
    OrderRejected,
    OrderReturned,
    OrderShipped,
)
from shared.read_models.erased import ERASED
from shared.read_models.order_summaries import KEPT_RETURNS, ORDER_SUMMARIES
from shared.read_models.prices import shown_price
from twinpath.domain import Change, ChangeWhere, Projection, Put, RecordedEvent, ViewChange

_NOT_YET = (
    "confirmed_at",
    "shipped_at",
    "cancelled_at",
    "carrier",
    "tracking_number",
    "reason",
    "rejection",
)


class OrderSummariesProjection(Projection):
    """The order's own log tells everything but the erasure of its customer, which takes the address away."""

    name = "order_summaries"
    version = 2
    views = (ORDER_SUMMARIES,)

    def placed(self, event: OrderPlaced, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """A new order."""
        address = event.shipping_address
        document: dict[str, object] = {
            "order_id": recorded.stream,
            "customer_id": event.customer_id,
            "status": "placed",
            "total": shown_price(event.total),
            "item_count": sum(line.quantity for line in event.lines),
            "lines": [_line(line) for line in event.lines],
            "shipping_address": None if address is None else address.model_dump(),
            "placed_at": event.placed_at,
            "updated_at": recorded.at,
            "version": recorded.version,
            **({"erased": True} if address is None else {}),
            **dict.fromkeys(_NOT_YET),
        }
        yield Put(ORDER_SUMMARIES.name, recorded.stream, document)

    def confirmed(self, event: OrderConfirmed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Every piece is kept for it."""
        yield _change(recorded, "confirmed", confirmed_at=event.confirmed_at)

    def rejected(self, event: OrderRejected, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """A product was short."""
        yield _change(recorded, "rejected", rejection=event.model_dump())

    def shipped(self, event: OrderShipped, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """On its way."""
        sent = {"carrier": event.carrier, "tracking_number": event.tracking_number, "shipped_at": recorded.at}
        yield _change(recorded, "shipped", **sent)

    def cancelled(self, event: OrderCancelled, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Not delivered."""
        of_shop = {"reason_of_shop": True} if event.reason in REASONS_OF_THE_SHOP else {}
        yield _change(recorded, "cancelled", cancelled_at=recorded.at, reason=event.reason, **of_shop)

    def returned(self, event: OrderReturned, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Pieces came back; the status changes with the last of them."""
        refund = {
            "number": event.number,
            "products": [back.model_dump() for back in event.products],
            "reason": event.reason or ERASED,
            "refund": shown_price(event.refund),
            "at": event.returned_at,
        }
        status = {"status": "returned"} if event.complete else {}
        latest = {"returned_at": event.returned_at, "refunded": shown_price(event.refunded)}
        yield Change(
            ORDER_SUMMARIES.name,
            recorded.stream,
            set={**status, **latest, "updated_at": recorded.at, "version": recorded.version},
            append={"returns": refund},
            keep=KEPT_RETURNS,
        )

    def customer_erased(self, event: CustomerErased, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Where it went and what anybody wrote is personal; what it was is not."""
        of_customer = {"customer_id": recorded.stream}
        gone = {"shipping_address": None, "tracking_number": None, "erased": True}
        yield ChangeWhere(ORDER_SUMMARIES.name, of_customer, gone)
        yield ChangeWhere(ORDER_SUMMARIES.name, of_customer, {"returns.$[].reason": ERASED})
        yield ChangeWhere(ORDER_SUMMARIES.name, {**of_customer, "reason_of_shop": None}, {"reason": None})


def _line(line: OrderLine) -> dict[str, Any]:
    return {
        "product_id": line.product_id,
        "sku": line.sku,
        "name": line.name,
        "category": line.category or None,
        "quantity": line.quantity,
        "unit_price": shown_price(line.unit_price),
        "line_total": shown_price(line.unit_price.times(line.quantity)),
    }


def _change(recorded: RecordedEvent, status: str, **fields: Any) -> Change:
    fields |= {"status": status, "updated_at": recorded.at, "version": recorded.version}
    return Change(ORDER_SUMMARIES.name, recorded.stream, set=fields)
