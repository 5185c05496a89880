"""The rules of returns: pieces of a shipped order come back, in part or all; never more than were shipped."""

from collections import Counter
from collections.abc import Mapping

from command_service.order.commands import ReturnOrder
from command_service.order.state import Order, revenue_of
from shared.events.money import added
from shared.events.order import OrderEvent, OrderReturned, ReturnedPieces
from twinpath.domain import RuleViolation


def take_back(command: ReturnOrder, order: Order) -> list[OrderEvent]:
    """The return of some pieces, or of all that are out.

    Raises:
        RuleViolation: `order_not_shipped`, `order_returned`, `product_not_in_order` or `return_exceeds_shipment`.
    """
    if order.status == "returned":
        raise RuleViolation(f"Everything of order {command.order_id} has come back.", code="order_returned")
    if order.status != "shipped":
        detail = f"Only what was shipped comes back; order {command.order_id} is {order.status}."
        raise RuleViolation(detail, code="order_not_shipped", order_status=order.status)
    out = {line.product_id: line.quantity - order.returned.get(line.product_id, 0) for line in order.lines}
    restocked, written_off = _wanted(command, out)
    back = restocked + written_off
    for product_id, quantity in back.items():
        _expect_out(product_id, quantity, out)
    prices = {line: order.price_of(line, back[line.product_id]) for line in order.lines if back[line.product_id]}
    refund = added(prices.values())
    return [
        OrderReturned(
            number=order.returns + 1,
            products=tuple(
                ReturnedPieces(
                    product_id=line.product_id,
                    restocked=restocked[line.product_id],
                    written_off=written_off[line.product_id],
                )
                for line in prices
            ),
            reason=command.reason,
            refund=refund,
            refunded=refund.model_copy(update={"minor": order.refunded + refund.minor}),
            revenue=revenue_of((line.category, price.minor) for line, price in prices.items()),
            complete=back == Counter({product_id: left for product_id, left in out.items() if left}),
            returned_at=command.at,
            customer_id=order.customer_id,
        )
    ]


def _wanted(command: ReturnOrder, out: Mapping[str, int]) -> tuple[Counter[str], Counter[str]]:
    """How many pieces of each product are to be restocked, and how many written off."""
    restocked, written_off = Counter[str](), Counter[str]()
    if command.lines is None:
        return Counter({product_id: left for product_id, left in out.items() if left}), written_off
    for line in command.lines:
        (restocked if line.restock else written_off)[line.product_id] += line.quantity
    return restocked, written_off


def _expect_out(product_id: str, quantity: int, out: Mapping[str, int]) -> None:
    if product_id not in out:
        raise RuleViolation(
            f"The order has no product {product_id}.", code="product_not_in_order", product_id=product_id
        )
    if quantity > out[product_id]:
        facts = {"product_id": product_id, "requested": quantity, "available": out[product_id]}
        detail = f"Of product {product_id} {quantity} pieces can't come back: {out[product_id]} are still out."
        raise RuleViolation(detail, code="return_exceeds_shipment", **facts)
