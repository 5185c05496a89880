"""order_summaries: one document an order. The customer's name is not in it: it is joined when the order is shown."""

from datetime import datetime
from typing import Literal

import orjson
from pydantic import BaseModel

from shared.events.order import OrderStatus, ShippingAddress
from shared.read_models.prices import Price
from twinpath.domain.views import Document, View


class OrderLineShown(BaseModel):
    """One product of an order, at the price of when it was placed."""

    product_id: str
    sku: str
    name: str
    category: str
    quantity: int
    unit_price: Price
    line_total: Price


class Rejection(BaseModel):
    """What was short: so many pieces were wanted, so many on hand."""

    product_id: str
    quantity: int
    on_hand: int
    reason: Literal["insufficient_stock", "discontinued"]


class OrderRow(BaseModel):
    """An order in a list. `item_count` counts pieces; times are UTC."""

    order_id: str
    customer_id: str
    customer_name: str | None
    status: OrderStatus
    total: Price
    item_count: int
    placed_at: datetime
    updated_at: datetime
    version: int


class OrderSummary(OrderRow):
    """One order; `customer_name` is the customer's latest, and of an erased one the address is null."""

    lines: list[OrderLineShown]
    shipping_address: ShippingAddress | None
    confirmed_at: datetime | None
    shipped_at: datetime | None
    cancelled_at: datetime | None
    carrier: str | None
    tracking_number: str | None
    reason: str | None
    rejection: Rejection | None


class OrderPage(BaseModel):
    """A page of orders, newest first; `next` is the cursor of the page after it, null on the last."""

    items: list[OrderRow]
    next: str | None


_FIELDS = tuple(name for name in OrderSummary.model_fields if name != "customer_name")


def _render(document: Document) -> bytes:
    return orjson.dumps({name: document[name] for name in _FIELDS}, option=orjson.OPT_UTC_Z)


ORDER_SUMMARIES = View(
    name="order_summaries", indexes=(("status",), ("customer_id",), ("customer_id", "status")), render=_render
)
