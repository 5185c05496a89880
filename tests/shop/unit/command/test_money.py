"""Money is worth what it was worth: its digits are its own, whatever lists say today or will say tomorrow."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from command_service.allowance.commands import AllowanceFact
from command_service.facts import CustomerFact
from command_service.order.commands import PiecesBack, PlaceOrder, ProductFact, ReturnOrder, Wish
from command_service.order.rules import decide, evolve
from command_service.product.commands import CreateProduct, UpdatePrice
from command_service.product.price import AskedPrice
from shared.events import CATALOGUE
from shared.events.money import Money, added, amount_text, unstored_digits
from shared.events.order import CategoryRevenue, OrderConfirmed, OrderPlaced, OrderReturned, ShippingAddress
from shared.read_models.prices import shown_price, sortable
from tests.shop.support.query_app import in_memory
from twinpath.clock import utc_now
from twinpath.domain.events import NewEvent
from twinpath.ids import new_id

ASKED: TypeAdapter[Any] = TypeAdapter(AskedPrice)
NOW = utc_now()
AMOUNTS = st.builds(Money, minor=st.integers(-(10**15), 10**15), currency=st.just("EUR"), digits=st.integers(0, 6))


@pytest.mark.parametrize(
    ("currency", "text"), [("EUR", "12.34"), ("JPY", "1234"), ("KWD", "1.234"), ("CLF", "0.1234"), ("BGN", "12.34")]
)
def test_an_amount_that_the_first_version_stored_without_digits_is_what_it_was(currency: str, text: str) -> None:
    stored = {"total": {"minor": 1234, "currency": currency}, "revenue": [], "confirmed_at": "2026-03-10T12:00:00Z"}

    confirmed = CATALOGUE.decode(NewEvent("order.confirmed", 1, stored))

    assert isinstance(confirmed, OrderConfirmed)
    assert shown_price(confirmed.total) == {"amount": text, "currency": currency}
    assert CATALOGUE.today(NewEvent("order.confirmed", 1, stored)).data["total"]["digits"] == confirmed.total.digits


@given(st.lists(AMOUNTS, min_size=1))
def test_a_sum_is_exact_whatever_the_digits(amounts: list[Money]) -> None:
    total = added(amounts)

    assert total.amount == sum(amount.amount for amount in amounts)
    assert Decimal(amount_text(total.minor, total.digits)) == total.amount


@given(AMOUNTS, AMOUNTS)
def test_prices_sort_by_what_they_are_worth(price: Money, other: Money) -> None:
    if price.amount.quantize(Decimal("0.0001"), "ROUND_DOWN") < other.amount.quantize(Decimal("0.0001"), "ROUND_DOWN"):
        assert sortable(price) < sortable(other)


@pytest.mark.parametrize("price", [{"amount": "1", "currency": "BGX"}, {"amount": "1.001", "currency": "EUR"}])
def test_a_price_that_a_caller_names_is_one_of_today(price: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ASKED.validate_python(price)


def test_a_command_keeps_its_price_when_it_is_stored_and_read_again() -> None:
    gone = Money(minor=5, currency="XYZ", digits=3)
    command = UpdatePrice(product_id="product-1", new_price=gone, reason="r", at=NOW)

    assert UpdatePrice.model_validate_json(command.model_dump_json()) == command


def test_the_fingerprint_of_a_price_of_the_first_version_is_as_it_was() -> None:
    fields = {"product_id": "product-1", "name": "Lamp", "category": "light", "sku": "L", "at": NOW}
    euros, thousandths = (Money(minor=1999, currency="EUR", digits=digits) for digits in (2, 3))

    contents = [CreateProduct(**fields, price=price).content() for price in (euros, thousandths)]

    assert b'"price":{"minor":1999,"currency":"EUR"}' in contents[0]
    assert contents[0] != contents[1]


def fact(price: Money) -> ProductFact:
    """A product at this price."""
    return ProductFact(name="Lamp", sku="L", category="light", price=price, on_hand=9, discontinued=False)


def test_an_order_of_products_that_were_priced_with_other_digits_adds_up_and_so_do_its_returns() -> None:
    ids = [new_id("product"), new_id("product")]
    prices = [Money(minor=1999, currency="EUR", digits=2), Money(minor=5, currency="EUR", digits=3)]
    order = PlaceOrder(
        order_id=new_id("order"),
        customer_id=new_id("customer"),
        lines=tuple(Wish(product_id=product_id, quantity=2) for product_id in ids),
        shipping_address=ShippingAddress(name="n", street="s", country="IE"),
        customer=CustomerFact(erased=False),
        allowance=AllowanceFact(held=0, most=10),
        products=dict(zip(ids, map(fact, prices), strict=True)),
        at=NOW,
    )

    [placed] = decide(order, None)

    assert isinstance(placed, OrderPlaced)
    assert placed.total == Money(minor=39990, currency="EUR", digits=3)
    assert [share.minor for share in evolve(None, placed).revenue] == [39990]

    state = replace(evolve(None, placed), status="shipped")
    lines = (PiecesBack(product_id=ids[0], quantity=1), PiecesBack(product_id=ids[1], quantity=1, restock=False))
    for number, wanted in enumerate((lines, None), 1):
        [back] = decide(ReturnOrder(order_id=order.order_id, lines=wanted, reason="r", at=NOW), state)
        assert isinstance(back, OrderReturned)
        assert back.refund == Money(minor=19995, currency="EUR", digits=3)
        assert [share.minor for share in back.revenue] == [19995]
        assert back.refunded == Money(minor=19995 * number, currency="EUR", digits=3)
        state = evolve(state, back)


async def test_a_dashboard_adds_up_a_currency_whose_digits_have_changed_and_one_that_has_gone() -> None:
    async with in_memory() as service:
        for money in (
            Money(minor=1999, currency="EUR", digits=2),
            Money(minor=10_000, currency="EUR", digits=3),
            Money(minor=5, currency="OLD", digits=0),
        ):
            order, customer = new_id("order"), new_id("customer")
            placed = OrderPlaced(customer_id=customer, lines=(), total=money, shipping_address=None, placed_at=NOW)
            await service.views.happened(order, placed)
            await service.views.happened(order, OrderConfirmed(total=money, revenue=(), confirmed_at=NOW))

        revenue = (await service.get("/shop/dashboard")).json()["revenue"]

    assert {part["currency"]: part["total"] for part in revenue} == {"EUR": "29.990", "OLD": "5"}


async def test_a_category_is_one_however_it_is_written() -> None:
    async with in_memory() as service:
        money, order = Money(minor=900, currency="EUR"), new_id("order")
        spellings = {"Caf\u00e9": 300, "Cafe\u0301": 100, "CAF\u00c9": 500}
        placed = OrderPlaced(
            customer_id=new_id("customer"), lines=(), total=money, shipping_address=None, placed_at=NOW
        )
        shares = tuple(CategoryRevenue(category=category, minor=minor) for category, minor in spellings.items())
        await service.views.happened(order, placed)
        await service.views.happened(order, OrderConfirmed(total=money, revenue=shares, confirmed_at=NOW))

        [revenue] = (await service.get("/shop/dashboard")).json()["revenue"]

    assert revenue["categories"] == [{"category": "CAF\u00c9", "amount": "9.00"}]


def test_the_digits_of_the_first_version_are_those_of_its_list() -> None:
    """A frozen table: whoever changes it rescales what was stored."""
    assert {digits: [c for c in ("BIF", "JPY", "UYI", "XPF") if unstored_digits(c) == digits] for digits in (0,)} == {
        0: ["BIF", "JPY", "UYI", "XPF"]
    }
    assert [unstored_digits(currency) for currency in ("KWD", "TND", "CLF", "UYW", "EUR", "never")] == [
        3,
        3,
        4,
        4,
        2,
        2,
    ]
