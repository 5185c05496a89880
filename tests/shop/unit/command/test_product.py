"""The rules of a product: what each command yields, what it refuses, when it stays quiet."""

from datetime import UTC, datetime
from typing import Any

import pytest

from command_service.product.commands import (
    CreateProduct,
    Discontinue,
    ProductCommand,
    ReleaseStock,
    ReserveStock,
    Restock,
    TakeStock,
    UpdatePrice,
)
from command_service.product.rules import Product, decide, evolve
from shared.events.money import Money
from shared.events.product import (
    ProductCreated,
    ProductDiscontinued,
    ProductEvent,
    ProductPriceUpdated,
    ProductRestocked,
    ReservationRefused,
    StockReleased,
    StockReserved,
    StockTaken,
    product_id_of,
)
from twinpath.errors import NotFound, RuleViolation

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EUR_20 = Money(minor=2000, currency="EUR")
EUR_25 = Money(minor=2500, currency="EUR")
CREATED = ProductCreated(name="Lamp", categories=("lighting",), sku="LAMP-1", price=EUR_20, on_hand=3)
RESERVED = StockReserved(order_id="order-1", quantity=2, on_hand=1)


def after(*events: ProductEvent) -> Product | None:
    product = None
    for event in events:
        product = evolve(product, event)
    return product


def told(kind: type[Any], **fields: Any) -> ProductCommand:
    command: ProductCommand = kind(product_id="product-1", at=NOW, **fields)
    return command


def create(**fields: Any) -> ProductCommand:
    product = {"name": "Lamp", "category": "lighting", "sku": "LAMP-1", "price": EUR_20, "initial_stock": 3}
    return told(CreateProduct, **product | fields)


@pytest.mark.parametrize(
    ("history", "command", "happened"),
    [
        ([], create(), [CREATED]),
        (
            [CREATED],
            told(UpdatePrice, new_price=EUR_25, reason="up"),
            [ProductPriceUpdated(price=EUR_25, previous_price=EUR_20, reason="up")],
        ),
        ([CREATED], told(Restock, quantity=4), [ProductRestocked(quantity=4, on_hand=7)]),
        ([CREATED], told(Discontinue), [ProductDiscontinued()]),
        ([CREATED], told(ReserveStock, order_id="order-1", quantity=2), [RESERVED]),
        (
            [CREATED, RESERVED],
            told(ReserveStock, order_id="order-2", quantity=2),
            [ReservationRefused(order_id="order-2", quantity=2, on_hand=1, reason="insufficient_stock")],
        ),
        (
            [CREATED, ProductDiscontinued()],
            told(ReserveStock, order_id="order-2", quantity=1),
            [ReservationRefused(order_id="order-2", quantity=1, on_hand=3, reason="discontinued")],
        ),
        (
            [CREATED, RESERVED],
            told(ReleaseStock, order_id="order-1"),
            [StockReleased(order_id="order-1", quantity=2, on_hand=3, discontinued=False)],
        ),
        (
            [CREATED, RESERVED, ProductDiscontinued()],
            told(ReleaseStock, order_id="order-1"),
            [StockReleased(order_id="order-1", quantity=2, on_hand=3, discontinued=True)],
        ),
        ([CREATED, RESERVED], told(TakeStock, order_id="order-1"), [StockTaken(order_id="order-1", quantity=2)]),
    ],
)
def test_a_command_yields(history: list[ProductEvent], command: ProductCommand, happened: list[ProductEvent]) -> None:
    assert decide(command, after(*history)) == happened


@pytest.mark.parametrize(
    ("history", "command", "code"),
    [
        ([CREATED], create(), "sku_taken"),
        ([], create(price=Money(minor=0, currency="EUR")), "price_not_positive"),
        ([CREATED], told(UpdatePrice, new_price=Money(minor=0, currency="EUR"), reason="r"), "price_not_positive"),
        ([CREATED], told(UpdatePrice, new_price=Money(minor=9, currency="USD"), reason="r"), "currency_mismatch"),
        (
            [CREATED, ProductDiscontinued()],
            told(UpdatePrice, new_price=EUR_25, reason="r"),
            "product_discontinued",
        ),
        ([CREATED, ProductDiscontinued()], told(Restock, quantity=1), "product_discontinued"),
    ],
)
def test_a_command_is_refused(history: list[ProductEvent], command: ProductCommand, code: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        decide(command, after(*history))
    assert refused.value.code == code


@pytest.mark.parametrize(
    "command",
    [
        told(UpdatePrice, new_price=EUR_25, reason="r"),
        told(Restock, quantity=1),
        told(Discontinue),
        told(ReserveStock, order_id="order-1", quantity=1),
        told(ReleaseStock, order_id="order-1"),
        told(TakeStock, order_id="order-1"),
    ],
)
def test_a_product_that_does_not_exist_takes_no_command(command: ProductCommand) -> None:
    with pytest.raises(NotFound) as refused:
        decide(command, None)
    assert refused.value.code == "product_not_found"


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ([CREATED], told(UpdatePrice, new_price=EUR_20, reason="same")),
        ([CREATED, ProductDiscontinued()], told(Discontinue)),
        ([CREATED, RESERVED], told(ReserveStock, order_id="order-1", quantity=1)),
        ([CREATED], told(ReleaseStock, order_id="order-1")),
        ([CREATED], told(TakeStock, order_id="order-1")),
        ([CREATED, RESERVED, StockTaken(order_id="order-1", quantity=2)], told(ReleaseStock, order_id="order-1")),
    ],
)
def test_a_command_stays_quiet(history: list[ProductEvent], command: ProductCommand) -> None:
    assert decide(command, after(*history)) == []


def test_what_is_taken_was_reserved_and_is_not_on_hand_again() -> None:
    product = after(CREATED, RESERVED, StockTaken(order_id="order-1", quantity=2))

    assert product is not None
    assert (product.on_hand, dict(product.reserved)) == (1, {})


def test_the_same_sku_in_any_case_is_the_same_product() -> None:
    assert product_id_of("Lamp-1") == product_id_of("LAMP-1") != product_id_of("LAMP-2")
