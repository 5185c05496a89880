"""The rules of an order: what each command yields, what it refuses, when it stays quiet."""

from datetime import UTC, datetime
from typing import Any

import pytest

from command_service.allowance.commands import AllowanceFact
from command_service.facts import CustomerFact
from command_service.order.commands import (
    CancelOrder,
    ConfirmOrder,
    OrderCommand,
    PlaceOrder,
    ProductFact,
    RejectOrder,
    ShipOrder,
    Wish,
)
from command_service.order.rules import Order, decide, evolve
from shared.events.money import MOST_MINOR, Money
from shared.events.order import (
    REASONS_OF_THE_SHOP,
    CategoryRevenue,
    OrderCancelled,
    OrderConfirmed,
    OrderEvent,
    OrderLine,
    OrderPlaced,
    OrderRejected,
    OrderShipped,
    ProductQuantity,
    ShippingAddress,
)
from twinpath.errors import NotFound, RuleViolation

P1, P2, P3, P9 = (f"product-0198c0de-0000-7000-8000-00000000000{n}" for n in "1239")
CUSTOMER = "customer-0198c0de-0000-7000-8000-000000000002"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ADDRESS = ShippingAddress(name="Ada", street="s", city="c", postal_code="SW1Y 4JH", country="GB")


def eur(minor: int) -> Money:
    return Money(minor=minor, currency="EUR")


def fact(sku: str, price: Money, on_hand: int = 10, discontinued: bool = False) -> ProductFact:
    return ProductFact(name=sku, sku=sku, category=sku[0], price=price, on_hand=on_hand, discontinued=discontinued)


PRODUCTS = {P1: fact("a1", eur(1999)), P2: fact("b2", eur(500)), P3: fact("a3", eur(1))}


def told(kind: type[Any], **fields: Any) -> OrderCommand:
    command: OrderCommand = kind(order_id="order-1", at=NOW, **fields)
    return command


def place(*wishes: tuple[str, int], **fields: Any) -> OrderCommand:
    order = {
        "customer_id": CUSTOMER,
        "lines": tuple(Wish(product_id=product, quantity=quantity) for product, quantity in wishes or [(P1, 1)]),
        "shipping_address": ADDRESS,
        "customer": CustomerFact(erased=False),
        "products": PRODUCTS,
        "allowance": AllowanceFact(held=2, most=13),
    }
    return told(PlaceOrder, **order | fields)


def line(product: str, quantity: int) -> OrderLine:
    known = PRODUCTS[product]
    return OrderLine(
        product_id=product,
        sku=known.sku,
        name=known.name,
        category=known.category,
        quantity=quantity,
        unit_price=known.price,
    )


PLACED = OrderPlaced(
    customer_id=CUSTOMER,
    lines=(line(P1, 2), line(P2, 1), line(P3, 3)),
    total=eur(2 * 1999 + 500 + 3),
    shipping_address=ADDRESS,
    placed_at=NOW,
)
REVENUE = (CategoryRevenue(category="a", minor=2 * 1999 + 3), CategoryRevenue(category="b", minor=500))
ORDERED = tuple(ProductQuantity(product_id=one, quantity=n) for one, n in ((P1, 2), (P2, 1), (P3, 3)))
CONFIRMED = OrderConfirmed(total=PLACED.total, revenue=REVENUE, confirmed_at=NOW)
SHORT: dict[str, Any] = {"product_id": P1, "quantity": 2, "on_hand": 1, "reason": "insufficient_stock"}
REJECTED = OrderRejected(**SHORT)
SHIPPED = OrderShipped(carrier="DHL", tracking_number="1", products=ORDERED, customer_id=CUSTOMER)


def cancelled(previous: Any, confirmed_at: datetime | None) -> OrderCancelled:
    return OrderCancelled(
        reason="r",
        previous_status=previous,
        total=PLACED.total,
        revenue=REVENUE,
        confirmed_at=confirmed_at,
        products=ORDERED,
        customer_id=CUSTOMER,
    )


def after(*events: OrderEvent) -> Order | None:
    order = None
    for event in events:
        order = evolve(order, event)
    return order


SHIP = told(ShipOrder, carrier="DHL", tracking_number="1")
CANCEL = told(CancelOrder, reason="r")
CONFIRM = told(ConfirmOrder)
REJECT = told(RejectOrder, **SHORT)


@pytest.mark.parametrize(
    ("history", "command", "happened"),
    [
        ([], place((P1, 1), (P2, 1), (P3, 3), (P1, 1)), [PLACED]),
        ([PLACED], CONFIRM, [CONFIRMED]),
        ([PLACED], REJECT, [REJECTED]),
        ([PLACED, CONFIRMED], SHIP, [SHIPPED]),
        ([PLACED], CANCEL, [cancelled("placed", None)]),
        ([PLACED, CONFIRMED], CANCEL, [cancelled("confirmed", NOW)]),
    ],
)
def test_a_command_yields(history: list[OrderEvent], command: OrderCommand, happened: list[OrderEvent]) -> None:
    assert decide(command, after(*history)) == happened


@pytest.mark.parametrize("reason", sorted(REASONS_OF_THE_SHOP))
def test_a_reason_of_the_shops_own_is_nobodys(reason: str) -> None:
    [event] = decide(told(CancelOrder, reason=reason), after(PLACED))
    assert event == cancelled("placed", None).model_copy(update={"reason": reason, "customer_id": None})


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ([PLACED, CONFIRMED], CONFIRM),
        ([PLACED, REJECTED], CONFIRM),
        ([PLACED, cancelled("placed", None)], CONFIRM),
        ([PLACED, REJECTED], REJECT),
        ([PLACED, CONFIRMED], REJECT),
        ([PLACED, CONFIRMED, SHIPPED], SHIP),
        ([PLACED, cancelled("placed", None)], CANCEL),
    ],
)
def test_a_command_stays_quiet(history: list[OrderEvent], command: OrderCommand) -> None:
    assert decide(command, after(*history)) == []


@pytest.mark.parametrize(
    ("history", "command", "code"),
    [
        ([PLACED], place(), "order_exists"),
        ([], place(customer=CustomerFact(erased=True)), "customer_erased"),
        ([], place(products={P1: fact("a1", eur(1), discontinued=True)}), "product_discontinued"),
        ([], place((P1, 6), (P1, 5)), "insufficient_stock"),
        ([], place((P1, 6), (P2, 6)), "too_much_unshipped"),
        (
            [],
            place((P1, 1), (P2, 1), products=PRODUCTS | {P2: fact("b", Money(minor=1, currency="USD"))}),
            "mixed_currencies",
        ),
        ([], place((P1, 2), products={P1: fact("a1", eur(MOST_MINOR))}), "total_too_large"),
        ([PLACED], SHIP, "order_not_confirmed"),
        ([PLACED, REJECTED], SHIP, "order_not_confirmed"),
        ([PLACED, cancelled("placed", None)], SHIP, "order_not_confirmed"),
        ([PLACED, CONFIRMED, SHIPPED], told(ShipOrder, carrier="DHL", tracking_number="2"), "order_shipped"),
        ([PLACED, CONFIRMED, SHIPPED], CANCEL, "order_shipped"),
        ([PLACED, REJECTED], CANCEL, "order_rejected"),
    ],
)
def test_a_command_is_refused(history: list[OrderEvent], command: OrderCommand, code: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        decide(command, after(*history))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (place(customer=None), "customer_not_found"),
        (place((P9, 1)), "product_not_found"),
        (CONFIRM, "order_not_found"),
        (REJECT, "order_not_found"),
        (SHIP, "order_not_found"),
        (CANCEL, "order_not_found"),
    ],
)
def test_what_does_not_exist_is_named(command: OrderCommand, code: str) -> None:
    with pytest.raises(NotFound) as refused:
        decide(command, None)
    assert refused.value.code == code


def test_a_product_that_is_plainly_short_is_named_with_both_quantities() -> None:
    with pytest.raises(RuleViolation) as refused:
        decide(place((P1, 11)), None)
    assert refused.value.facts == {"product_id": P1, "requested": 11, "available": 10}


def test_an_order_may_hold_what_is_left_to_its_customer_and_a_refusal_says_how_much_that_is() -> None:
    assert decide(place((P1, 6), (P2, 5)), None)
    with pytest.raises(RuleViolation) as refused:
        decide(place((P1, 6), (P2, 6)), None)
    assert refused.value.facts == {"requested": 12, "held": 2, "most": 13}


def test_a_total_may_be_as_large_as_a_single_price() -> None:
    dear = {P1: fact("a1", eur(MOST_MINOR - 1)), P2: fact("b2", eur(1))}

    (placed,) = decide(place((P1, 1), (P2, 1), products=dear), None)

    assert isinstance(placed, OrderPlaced)
    assert placed.total == eur(MOST_MINOR)


def test_what_was_looked_up_does_not_make_another_command() -> None:
    dearer = place(products={P1: fact("a1", eur(2999))}, customer=CustomerFact(erased=True))

    assert place().content() == dearer.content() != place((P1, 2)).content()
