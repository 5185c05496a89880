"""The commands of an order, and the facts that are looked up for them."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from command_service.allowance.commands import AllowanceFact, allowance_fact
from command_service.facts import CustomerFact, Fact, customer_fact
from command_service.order.address import AskedAddress
from command_service.text import CustomerId, Line, ProductId
from shared.events.money import Money
from twinpath.domain import Command, Look, LookUp


class Wish(Fact):
    """So many pieces of a product."""

    product_id: ProductId
    quantity: Annotated[int, Field(strict=True, ge=1, le=10_000, examples=[2])]


class PiecesBack(Fact):
    """Pieces of a product that came back, all in one state."""

    product_id: ProductId
    quantity: Annotated[int, Field(strict=True, ge=1, le=1_000_000, examples=[1])]
    restock: Annotated[bool, Field(strict=True, description="false: they are written off")] = True


class ProductFact(Fact):
    """What the write side knows of a product just now."""

    name: str
    sku: str
    category: str
    """The first of its categories; empty where it has none."""
    price: Money
    on_hand: int
    discontinued: bool


async def product_facts(look: Look, order: "PlaceOrder") -> dict[str, ProductFact]:
    """What is known of those products of the order that exist. Raises Unavailable."""
    ids = list(dict.fromkeys(wish.product_id for wish in order.lines))
    products: list[Any] = await asyncio.gather(*map(look, ids))
    return {
        product_id: ProductFact(
            name=product.name,
            sku=product.sku,
            category=product.categories[0] if product.categories else "",
            price=product.price,
            on_hand=product.on_hand,
            discontinued=product.discontinued,
        )
        for product_id, product in zip(ids, products, strict=True)
        if product is not None
    }


class OrderAction(Command):
    """A command to one order."""

    target: ClassVar[str] = "order_id"

    order_id: str


class PlaceOrder(OrderAction):
    """Order products at the prices of this moment. 409 `insufficient_stock` when a product is plainly short; an order
    that loses the race for the last pieces is rejected within moments, as its document then shows. 409
    `too_much_unshipped` when the customer's open orders would hold more pieces than a customer's may; of orders that
    race for the rest of them the last are cancelled within moments."""

    type: ClassVar[str] = "place_order"

    creates: ClassVar[bool] = True
    looked_up: ClassVar[Mapping[str, LookUp]] = {
        "customer": customer_fact,
        "products": product_facts,
        "allowance": allowance_fact,
    }

    customer_id: CustomerId
    lines: Annotated[tuple[Wish, ...], Field(min_length=1, max_length=100)]
    shipping_address: AskedAddress
    customer: CustomerFact | None
    products: Mapping[str, ProductFact]
    allowance: AllowanceFact


class ConfirmOrder(OrderAction):
    """Every piece is reserved."""

    type: ClassVar[str] = "confirm_order"


class RejectOrder(OrderAction):
    """A product was short."""

    type: ClassVar[str] = "reject_order"

    product_id: str
    quantity: int
    on_hand: int
    reason: Literal["insufficient_stock", "discontinued"]


class ShipOrder(OrderAction):
    """It leaves the house; only a confirmed order ships."""

    type: ClassVar[str] = "ship_order"

    carrier: Line = Field(examples=["DHL"])
    tracking_number: Line = Field(examples=["00340434161094000000"])


class CancelOrder(OrderAction):
    """It is not wanted any more. Its stock goes back; a shipped order can't be cancelled."""

    type: ClassVar[str] = "cancel_order"

    reason: Line = Field(examples=["Ordered twice by mistake"])


class ReturnOrder(OrderAction):
    """Pieces of a shipped order came back, and their price is paid back: without `lines` everything that is still out.
    409 `return_exceeds_shipment` for more pieces than are. Send an Idempotency-Key, or a repetition counts twice."""

    type: ClassVar[str] = "return_order"

    lines: Annotated[tuple[PiecesBack, ...] | None, Field(min_length=1, max_length=200)] = None
    reason: Line = Field(examples=["Too small"])


OrderCommand = PlaceOrder | ConfirmOrder | RejectOrder | ShipOrder | CancelOrder | ReturnOrder
