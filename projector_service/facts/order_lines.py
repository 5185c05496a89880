"""order_lines: a row an order line when it is placed, confirmed, shipped, cancelled, returned."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, NamedTuple
from unicodedata import normalize

from shared.events.order import (
    OrderCancelled,
    OrderConfirmed,
    OrderLine,
    OrderPlaced,
    OrderReturned,
    OrderShipped,
)
from shared.read_models.segment import LOYAL_AFTER, SEGMENT, moment
from twinpath.domain import DomainEvent, Earlier, Earliest, Facts, Happened, Label


class OrderLineRow(NamedTuple):
    """What a step of an order means for one of its lines.

    `amount` is what the pieces of the step cost, `revenue` by how much the step changes the shop's revenue, both in
    `currency`, which has `digits` decimals; `sold` is by how many pieces it changes what was sold, also for nothing.
    The letters of `category` are composed, so that two that look the same are one. `item_count` counts the pieces of
    the whole order. `seconds` have passed since the step before; an order's first step has none. Country and region are
    empty once the customer is erased, in rows that are made after that.
    """

    step: Label
    order_id: str
    customer_id: str
    product_id: str
    sku: str
    category: Label
    country: Label
    region: Label
    quantity: int
    unit_price: Decimal
    amount: Decimal
    revenue: Decimal
    sold: int
    currency: Label
    digits: int
    item_count: int
    order_placed_at: datetime
    seconds: float | None


class OrderLines(Facts):
    """Every row shows what the order's first event knows of it.

    The customer's segment follows from how many orders of the customer were confirmed before this one was placed, by
    the times in the log and, where two are the same, by the orders' ids: readers see it as `customer_segment`, so that
    no order in which logs are read can change it. `customer_key`, `moment` and `placed_moment` are numbers in the place
    of ids and times, where many are compared. The digest `order_lines_customers` has the moments of each customer's
    first confirmed orders, as many as segments and cohorts look at.
    """

    name = "order_lines"
    version = 4
    row = OrderLineRow
    recalls = (OrderPlaced, OrderConfirmed, OrderShipped)
    parts: ClassVar[Mapping[type[DomainEvent], tuple[str, ...]]] = {
        OrderPlaced: ("shipping_address.country", "shipping_address.region")
    }
    view = f"""
        SELECT facts.* EXCEPT (customer_key, moment, placed_moment),
            arrayCount(earlier -> earlier < placed_moment, confirmed.orders) AS orders_before,
            {SEGMENT} AS customer_segment
        FROM {{rows}} AS facts
        LEFT ANY JOIN (
            SELECT customer_key, groupArray(moment) AS orders FROM {{rows}}
            WHERE step = 'confirmed' AND line = 1 GROUP BY customer_key
        ) AS confirmed ON facts.customer_key = confirmed.customer_key
    """
    derived: ClassVar[Mapping[str, str]] = {
        "customer_key": "cityHash64(customer_id)",
        "moment": moment("order_id", "order_placed_at", "at"),
        "placed_moment": moment("order_id", "order_placed_at", "order_placed_at"),
    }
    earliest: ClassVar[Mapping[str, Earliest]] = {
        "customers": Earliest("moment", "customer_key", "step = 'confirmed' AND line = 1", LOYAL_AFTER)
    }

    def placed(self, event: OrderPlaced, earlier: Earlier) -> Iterable[OrderLineRow]:
        """Every line; it is no revenue yet."""
        order = Happened(event, earlier.recorded, earlier.parts)
        for line in event.lines:
            yield _row("placed", order, line, line.quantity, 0, None)

    def confirmed(self, event: OrderConfirmed, earlier: Earlier) -> Iterable[OrderLineRow]:
        """Every line is revenue from now on."""
        if order := earlier.last(OrderPlaced):
            for line in order.event.lines:
                yield _row("confirmed", order, line, line.quantity, 1, _since(earlier, order))

    def shipped(self, event: OrderShipped, earlier: Earlier) -> Iterable[OrderLineRow]:
        """Every line is on its way."""
        if order := earlier.last(OrderPlaced):
            before = earlier.last(OrderConfirmed) or order
            for line in order.event.lines:
                yield _row("shipped", order, line, line.quantity, 0, _since(earlier, before))

    def cancelled(self, event: OrderCancelled, earlier: Earlier) -> Iterable[OrderLineRow]:
        """Every line; what was revenue is taken back."""
        if order := earlier.last(OrderPlaced):
            before = earlier.last(OrderConfirmed) or order
            sign = 0 if event.confirmed_at is None else -1
            for line in order.event.lines:
                yield _row("cancelled", order, line, line.quantity, sign, _since(earlier, before))

    def returned(self, event: OrderReturned, earlier: Earlier) -> Iterable[OrderLineRow]:
        """The lines of which pieces came back, and so many of them."""
        if order := earlier.last(OrderPlaced):
            before = earlier.last(OrderShipped) or order
            back = {product.product_id: product.restocked + product.written_off for product in event.products}
            for line in order.event.lines:
                pieces = min(line.quantity, back.get(line.product_id, 0))
                if pieces:
                    back[line.product_id] -= pieces
                    yield _row("returned", order, line, pieces, -1, _since(earlier, before))


def _since(
    earlier: Earlier, before: Happened[OrderPlaced] | Happened[OrderConfirmed] | Happened[OrderShipped]
) -> float:
    return (earlier.recorded.at - before.recorded.at).total_seconds()


def _row(
    step: str, order: Happened[OrderPlaced], line: OrderLine, quantity: int, sign: int, seconds: float | None
) -> OrderLineRow:
    price = line.unit_price
    amount = price.times(quantity).amount
    return OrderLineRow(
        step,
        order.recorded.stream,
        order.event.customer_id,
        line.product_id,
        line.sku,
        normalize("NFC", line.category),
        order.parts["shipping_address.country"] or "",
        order.parts["shipping_address.region"] or "",
        quantity,
        price.amount,
        amount,
        sign * amount,
        sign * quantity,
        price.currency,
        price.digits,
        sum(line.quantity for line in order.event.lines),
        order.recorded.at,
        seconds,
    )
