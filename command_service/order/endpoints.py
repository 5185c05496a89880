"""The order as an aggregate, how callers reach its commands, and the facts that are looked up for them."""

import asyncio
from typing import Any

from command_service.order.commands import (
    CancelOrder,
    CustomerFact,
    OrderCommand,
    PlaceOrder,
    ProductFact,
    ShipOrder,
)
from command_service.order.rules import Order, decide, evolve
from shared.events.order import ORDER_EVENTS, OrderEvent
from twinpath.domain import Aggregate, Look

ORDER: Aggregate[OrderCommand, Order, OrderEvent] = Aggregate("order", decide, evolve, Order, ORDER_EVENTS)


async def customer_fact(look: Look, order: PlaceOrder) -> CustomerFact | None:
    """What is known of the order's customer now; None where there is none. Raises Unavailable."""
    customer = await look(order.customer_id)
    return None if customer is None else CustomerFact(erased=customer.erased)


async def product_facts(look: Look, order: PlaceOrder) -> dict[str, ProductFact]:
    """What is known of those products of the order that exist. Raises Unavailable."""
    ids = list(dict.fromkeys(wish.product_id for wish in order.lines))
    products: list[Any] = await asyncio.gather(*map(look, ids))
    return {
        product_id: ProductFact(
            name=product.name,
            sku=product.sku,
            category=product.category,
            price=product.price,
            on_hand=product.on_hand,
            discontinued=product.discontinued,
        )
        for product_id, product in zip(ids, products, strict=True)
        if product is not None
    }


ORDER.post(
    "",
    PlaceOrder,
    allow="orders:place",
    summary="Place an order",
    look_up={"customer": customer_fact, "products": product_facts},
)
ORDER.post("/{id}/ship", ShipOrder, allow="orders:ship", summary="Ship an order")
ORDER.post("/{id}/cancel", CancelOrder, allow="orders:cancel", summary="Cancel an order")
