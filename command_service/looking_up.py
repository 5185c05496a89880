"""Looks up on the write side what a command can't know by itself: today's prices, stock and the customer."""

import asyncio
from collections.abc import Iterable

from command_service.customer import Customer
from command_service.order import CustomerFact, ProductFact
from command_service.product import Product
from twinpath.commands.bus import CommandBus


async def customer_fact(bus: CommandBus, customer_id: str) -> CustomerFact | None:
    """What is known of a customer now; None where there is none. Raises Unavailable."""
    customer: Customer | None = await bus.look(customer_id)
    return None if customer is None else CustomerFact(erased=customer.erased)


async def product_facts(bus: CommandBus, product_ids: Iterable[str]) -> dict[str, ProductFact]:
    """What is known of those products that exist. Raises Unavailable."""
    ids = list(dict.fromkeys(product_ids))
    found: list[Product | None] = await asyncio.gather(*(bus.look(product_id) for product_id in ids))
    return {
        product_id: ProductFact(
            name=product.name,
            sku=product.sku,
            category=product.category,
            price=product.price,
            on_hand=product.on_hand,
            discontinued=product.discontinued,
        )
        for product_id, product in zip(ids, found, strict=True)
        if product is not None
    }
