"""The order as an aggregate, and how callers reach its commands."""

from command_service.order.commands import (
    CancelOrder,
    OrderCommand,
    PlaceOrder,
    ReturnOrder,
    ShipOrder,
)
from command_service.order.rules import Order, decide, evolve
from shared.events.order import ORDER_EVENTS, OrderEvent
from twinpath.domain import Aggregate

ORDER: Aggregate[OrderCommand, Order, OrderEvent] = Aggregate(
    "order", decide, evolve, Order, ORDER_EVENTS, owner=lambda _, order: order.customer_id
)

ORDER.post(
    "",
    PlaceOrder,
    allow="orders:place",
    summary="Place an order",
    refuses=(
        "customer_not_found",
        "product_not_found",
        "customer_erased",
        "product_discontinued",
        "insufficient_stock",
        "too_much_unshipped",
        "mixed_currencies",
        "total_too_large",
    ),
)
ORDER.post(
    "/{id}/ship",
    ShipOrder,
    allow="orders:ship",
    summary="Ship an order",
    refuses=("order_not_confirmed", "order_shipped"),
)
ORDER.post(
    "/{id}/cancel",
    CancelOrder,
    allow="orders:cancel",
    summary="Cancel an order",
    refuses=("order_rejected", "order_shipped"),
)
ORDER.post(
    "/{id}/return",
    ReturnOrder,
    allow="orders:return",
    summary="Take pieces of an order back",
    example={
        "lines": [
            {"product_id": "product-8f2f3da9-10ca-54e4-890d-2cb80a2db2e3", "quantity": 1, "restock": True},
        ],
        "reason": "Too small",
    },
    refuses=("order_not_shipped", "order_returned", "product_not_in_order", "return_exceeds_shipment"),
)
