"""An order's rules: placed at the catalogue's prices, confirmed or rejected by its stock, shipped, cancelled; see
returns.py for what comes back."""

from collections import Counter
from typing import assert_never

from command_service.facts import expect_customer
from command_service.order.commands import (
    CancelOrder,
    ConfirmOrder,
    OrderCommand,
    PlaceOrder,
    RejectOrder,
    ReturnOrder,
    ShipOrder,
)
from command_service.order.returns import take_back
from command_service.order.state import Order, evolve
from shared.events.money import MOST_MINOR, added, amount_text
from shared.events.order import (
    REASONS_OF_THE_SHOP,
    OrderCancelled,
    OrderConfirmed,
    OrderEvent,
    OrderLine,
    OrderPlaced,
    OrderRejected,
    OrderShipped,
)
from twinpath.domain import NotFound, RuleViolation

__all__ = ("Order", "decide", "evolve")


def decide(command: OrderCommand, order: Order | None) -> list[OrderEvent]:
    """What the command makes happen. What fulfilment sends stays quiet where it comes too late or again.

    Raises:
        NotFound: `order_not_found`, `customer_not_found` or `product_not_found`.
        RuleViolation: `order_exists`, `customer_erased`, `product_discontinued`, `mixed_currencies`,
            `insufficient_stock`, `too_much_unshipped`, `total_too_large`, `order_not_confirmed`, `order_shipped`,
            `order_rejected`, `order_not_shipped`, `order_returned`, `product_not_in_order` or
            `return_exceeds_shipment`.
    """
    if isinstance(command, PlaceOrder):
        return _place(command, order)
    if order is None:
        raise NotFound(f"There is no order {command.order_id}.", code="order_not_found")
    match command:
        case ConfirmOrder():
            confirmed = OrderConfirmed(total=order.total, revenue=order.revenue, confirmed_at=command.at)
            return [confirmed] if order.status == "placed" else []
        case RejectOrder():
            return _reject(command, order)
        case ShipOrder():
            return _ship(command, order)
        case CancelOrder():
            return _cancel(command, order)
        case ReturnOrder():
            return take_back(command, order)
        case _:
            assert_never(command)


def _place(command: PlaceOrder, order: Order | None) -> list[OrderEvent]:
    if order is not None:
        raise RuleViolation(f"Order {command.order_id} is placed already.", code="order_exists")
    expect_customer(command.customer_id, command.customer)
    lines = _lines(command)
    _expect_allowance(command, sum(line.quantity for line in lines))
    prices = [line.unit_price.times(line.quantity) for line in lines]
    total = added(prices)
    if total.minor > MOST_MINOR:
        detail = f"An order's total may be {amount_text(MOST_MINOR, total.digits)} {total.currency} at most."
        raise RuleViolation(detail, code="total_too_large")
    return [
        OrderPlaced(
            customer_id=command.customer_id,
            lines=lines,
            total=total,
            shipping_address=command.shipping_address,
            placed_at=command.at,
        )
    ]


def _lines(command: PlaceOrder) -> tuple[OrderLine, ...]:
    """One line a product, at its price of now; refuses what can't be sold."""
    wanted: Counter[str] = Counter()
    for wish in command.lines:
        wanted[wish.product_id] += wish.quantity
    lines = []
    for product_id, quantity in wanted.items():
        product = command.products.get(product_id)
        if product is None:
            raise NotFound(f"There is no product {product_id}.", code="product_not_found", product_id=product_id)
        if product.discontinued:
            detail = f"Product {product_id} is discontinued."
            raise RuleViolation(detail, code="product_discontinued", product_id=product_id)
        if product.on_hand < quantity:
            facts = {"product_id": product_id, "requested": quantity, "available": product.on_hand}
            detail = f"Of product {product_id} {quantity} pieces are wanted and {product.on_hand} on hand."
            raise RuleViolation(detail, code="insufficient_stock", **facts)
        lines.append(
            OrderLine(
                product_id=product_id,
                sku=product.sku,
                name=product.name,
                category=product.category,
                quantity=quantity,
                unit_price=product.price,
            )
        )
    if len(currencies := sorted({line.unit_price.currency for line in lines})) > 1:
        detail = f"An order has one currency; these products are priced in {', '.join(currencies)}."
        raise RuleViolation(detail, code="mixed_currencies", currencies=currencies)
    return tuple(lines)


def _expect_allowance(command: PlaceOrder, units: int) -> None:
    held, most = command.allowance.held, command.allowance.most
    if held + units > most:
        detail = f"A customer's open orders hold {most} pieces at most; these hold {held}, and {units} more are wanted."
        raise RuleViolation(detail, code="too_much_unshipped", requested=units, held=held, most=most)


def _reject(command: RejectOrder, order: Order) -> list[OrderEvent]:
    if order.status != "placed":
        return []
    return [
        OrderRejected(
            product_id=command.product_id, quantity=command.quantity, on_hand=command.on_hand, reason=command.reason
        )
    ]


def _ship(command: ShipOrder, order: Order) -> list[OrderEvent]:
    if order.status in ("shipped", "returned"):
        if (order.carrier, order.tracking_number) == (command.carrier, command.tracking_number):
            return []
        raise RuleViolation(f"Order {command.order_id} is shipped already.", code="order_shipped")
    if order.status != "confirmed":
        detail = f"Only a confirmed order ships; order {command.order_id} is {order.status}."
        raise RuleViolation(detail, code="order_not_confirmed", order_status=order.status)
    return [
        OrderShipped(
            carrier=command.carrier,
            tracking_number=command.tracking_number,
            products=order.pieces,
            customer_id=order.customer_id,
        )
    ]


def _cancel(command: CancelOrder, order: Order) -> list[OrderEvent]:
    if order.status == "cancelled":
        return []
    if order.status in ("shipped", "returned"):
        raise RuleViolation(f"Order {command.order_id} is shipped, it can't be cancelled.", code="order_shipped")
    if order.status == "rejected":
        raise RuleViolation(f"Order {command.order_id} is rejected, there is nothing to cancel.", code="order_rejected")
    return [
        OrderCancelled(
            reason=command.reason,
            previous_status=order.status,
            total=order.total,
            revenue=order.revenue,
            confirmed_at=order.confirmed_at,
            products=order.pieces,
            customer_id=None if command.reason in REASONS_OF_THE_SHOP else order.customer_id,
        )
    ]
