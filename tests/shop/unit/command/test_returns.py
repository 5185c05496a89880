"""The rules of returns: in part or whole, restocked or written off; never more than was shipped or paid."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command_service.order.commands import PiecesBack, ReturnOrder
from command_service.order.rules import Order, decide, evolve
from shared.events.money import Money
from shared.events.order import (
    CategoryRevenue,
    OrderConfirmed,
    OrderEvent,
    OrderLine,
    OrderPlaced,
    OrderReturned,
    OrderShipped,
    ReturnedPieces,
)
from twinpath.errors import NotFound, RuleViolation

LAMP, CABLE, CHAIR = (f"product-0198c0de-0000-7000-8000-00000000000{n}" for n in "123")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=9)


def eur(minor: int) -> Money:
    return Money(minor=minor, currency="EUR")


def line(product: str, category: str, quantity: int, minor: int) -> OrderLine:
    fields: dict[str, Any] = {"product_id": product, "sku": product[-1], "name": "n", "category": category}
    return OrderLine(**fields, quantity=quantity, unit_price=eur(minor))


LINES = (line(LAMP, "light", 3, 1000), line(CABLE, "", 2, 7))
TOTAL = eur(3014)
PLACED = OrderPlaced(customer_id="customer-1", lines=LINES, total=TOTAL, shipping_address=None, placed_at=NOW)
CONFIRMED = OrderConfirmed(total=TOTAL, revenue=(), confirmed_at=NOW)
SHIPPED = OrderShipped(carrier="DHL", tracking_number="1", products=())


def back(*lines: tuple[str, int, bool]) -> ReturnOrder:
    pieces = tuple(PiecesBack(product_id=product, quantity=n, restock=restock) for product, n, restock in lines)
    return ReturnOrder(order_id="order-1", lines=pieces or None, reason="small", at=LATER)


def after(*events: OrderEvent) -> Order | None:
    order = None
    for event in events:
        order = evolve(order, event)
    return order


def pieces(product: str, restocked: int, written_off: int) -> ReturnedPieces:
    return ReturnedPieces(product_id=product, restocked=restocked, written_off=written_off)


PART = OrderReturned(
    number=1,
    products=(pieces(LAMP, 1, 1),),
    reason="small",
    refund=eur(2000),
    refunded=eur(2000),
    revenue=(CategoryRevenue(category="light", minor=2000),),
    complete=False,
    returned_at=LATER,
    customer_id="customer-1",
)
REST = OrderReturned(
    number=2,
    products=(pieces(LAMP, 1, 0), pieces(CABLE, 2, 0)),
    reason="small",
    refund=eur(1014),
    refunded=TOTAL,
    revenue=(CategoryRevenue(category="", minor=14), CategoryRevenue(category="light", minor=1000)),
    complete=True,
    returned_at=LATER,
    customer_id="customer-1",
)


@pytest.mark.parametrize(
    ("history", "command", "happened"),
    [
        ([], back((LAMP, 1, False), (LAMP, 1, True)), PART),
        ([PART], back(), REST),
        ([PART], back((CABLE, 2, True), (LAMP, 1, True)), REST),
    ],
)
def test_a_return_says_what_came_back_and_what_it_had_brought(
    history: list[OrderEvent], command: ReturnOrder, happened: OrderReturned
) -> None:
    assert decide(command, after(PLACED, CONFIRMED, SHIPPED, *history)) == [happened]


@pytest.mark.parametrize(
    ("history", "command", "code"),
    [
        ([PLACED], back(), "order_not_shipped"),
        ([PLACED, CONFIRMED], back(), "order_not_shipped"),
        ([PLACED, CONFIRMED, SHIPPED], back((LAMP, 4, True)), "return_exceeds_shipment"),
        ([PLACED, CONFIRMED, SHIPPED], back((LAMP, 2, True), (LAMP, 2, False)), "return_exceeds_shipment"),
        ([PLACED, CONFIRMED, SHIPPED, PART], back((LAMP, 2, True)), "return_exceeds_shipment"),
        ([PLACED, CONFIRMED, SHIPPED], back((CHAIR, 1, True)), "product_not_in_order"),
        ([PLACED, CONFIRMED, SHIPPED, PART, REST], back(), "order_returned"),
        ([PLACED, CONFIRMED, SHIPPED, PART, REST], back((LAMP, 1, True)), "order_returned"),
    ],
)
def test_a_return_is_refused(history: list[OrderEvent], command: ReturnOrder, code: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        decide(command, after(*history))
    assert refused.value.code == code


def test_an_order_that_does_not_exist_is_not_returned() -> None:
    with pytest.raises(NotFound):
        decide(back(), None)


wishes = st.lists(st.tuples(st.sampled_from([LAMP, CABLE, CHAIR]), st.integers(1, 3), st.booleans()), max_size=4)


@given(st.lists(wishes, max_size=8))
def test_several_returns_never_exceed_what_was_shipped_and_pay_back_what_it_cost(returns: list[list[Any]]) -> None:
    order = after(PLACED, CONFIRMED, SHIPPED)
    came: Counter[str] = Counter()
    paid = 0
    for number, wished in enumerate(returns):
        try:
            events = decide(back(*wished), order)
        except RuleViolation:
            continue
        for event in events:
            assert isinstance(event, OrderReturned), number
            came.update({pieces.product_id: pieces.restocked + pieces.written_off for pieces in event.products})
            assert event.refund.minor == sum(share.minor for share in event.revenue) > 0
            paid += event.refund.minor
            assert event.refunded.minor == paid
            order = evolve(order, event)

    shipped = Counter({LAMP: 3, CABLE: 2})
    assert came <= shipped
    assert paid == came[LAMP] * 1000 + came[CABLE] * 7
    assert order is not None
    assert (order.status == "returned") is (came == shipped)
