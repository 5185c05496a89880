"""order_summaries: one document an order. The customer's name is not in it: it is joined when the order is shown."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from shared.events.order import OrderStatus, ShippingAddress
from shared.read_models.prices import Price
from twinpath.domain import Searchable, View

KEPT_RETURNS = 100


class OrderLineShown(BaseModel):
    """One product of an order, at the price of when it was placed."""

    product_id: str
    sku: str
    name: str
    category: str | None
    quantity: int
    unit_price: Price
    line_total: Price


class Rejection(BaseModel):
    """What was short: so many pieces were wanted, so many on hand."""

    product_id: str
    quantity: int
    on_hand: int
    reason: Literal["insufficient_stock", "discontinued"]


class PiecesReturned(BaseModel):
    """Pieces of a product that came back: so many are for sale again, so many were written off."""

    product_id: str
    restocked: int
    written_off: int


class OrderReturn(BaseModel):
    """A return: what came back, why, and what was paid back for it."""

    number: int
    products: list[PiecesReturned]
    reason: str
    refund: Price
    at: datetime


class OrderRow(BaseModel):
    """An order in a list. `item_count` counts pieces; times are UTC."""

    order_id: str
    customer_id: str
    status: OrderStatus
    total: Price
    item_count: int
    placed_at: datetime
    updated_at: datetime
    version: int


class OrderSummary(OrderRow):
    """One order; of an erased customer the address, the tracking number and a caller's reason are null. `status` is
    `returned` when everything has come back; `returns` are the latest 100, and `refunded` is what all of them paid
    back, null without any."""

    lines: list[OrderLineShown]
    shipping_address: ShippingAddress | None
    confirmed_at: datetime | None
    shipped_at: datetime | None
    cancelled_at: datetime | None
    carrier: str | None
    tracking_number: str | None
    reason: str | None
    rejection: Rejection | None
    returned_at: datetime | None = None
    refunded: Price | None = None
    returns: list[OrderReturn] = []


ORDER_SUMMARIES = View(
    "order_summaries",
    OrderSummary,
    filters=("status", "customer_id"),
    copy=True,
    owner="customer_id",
    indexes=(("status",), ("customer_id",), ("customer_id", "status")),
    search=Searchable(
        text=("lines.name", "lines.category", "shipping_address.name", "shipping_address.city"),
        exact=("lines.sku", "tracking_number", "customer_id"),
        facets=("status", "carrier"),
        suggest=("lines.name",),
    ),
)
