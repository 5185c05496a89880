"""The rules of a product: what each command yields, what it refuses, when it stays quiet."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command_service.product.commands import (
    AdjustStock,
    CreateProduct,
    Discontinue,
    ProductCommand,
    RecategoriseProduct,
    ReleaseStock,
    Relist,
    RenameProduct,
    ReserveStock,
    Restock,
    ReturnStock,
    TakeStock,
    UpdatePrice,
)
from command_service.product.rules import Product, claims, decide, evolve
from shared.events.money import Money
from shared.events.product import (
    ProductCreated,
    ProductDiscontinued,
    ProductEvent,
    ProductPriceUpdated,
    ProductRecategorised,
    ProductRelisted,
    ProductRenamed,
    ProductRestocked,
    ReservationRefused,
    StockAdjusted,
    StockReleased,
    StockReserved,
    StockReturned,
    StockTaken,
    product_id_of,
    sku_key,
)
from twinpath.errors import NotFound, RuleViolation

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EUR_20 = Money(minor=2000, currency="EUR")
EUR_25 = Money(minor=2500, currency="EUR")
CREATED = ProductCreated(name="Lamp", category="lighting", sku="LAMP-1", price=EUR_20, on_hand=3)
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


def created(**fields: Any) -> ProductCreated:
    return CREATED.model_copy(update=fields)


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
        ([], create(category=None), [created(category=None)]),
        ([], create(category=None, categories=("a", "b > c")), [created(category="a", more_categories=("b > c",))]),
        ([], create(price=Money(minor=0, currency="EUR")), [created(price=Money(minor=0, currency="EUR"))]),
        ([CREATED], told(RenameProduct, name="Lux"), [ProductRenamed(name="Lux", previous_name="Lamp")]),
        (
            [CREATED],
            told(RecategoriseProduct, categories=()),
            [ProductRecategorised(categories=(), previous_categories=("lighting",))],
        ),
        (
            [CREATED, RESERVED],
            told(AdjustStock, change=-1, reason="broken"),
            [StockAdjusted(change=-1, on_hand=0, reason="broken", discontinued=False)],
        ),
        (
            [CREATED, ProductDiscontinued()],
            told(AdjustStock, change=2, reason="found"),
            [StockAdjusted(change=2, on_hand=5, reason="found", discontinued=True)],
        ),
        ([CREATED, ProductDiscontinued()], told(Relist), [ProductRelisted(on_hand=3)]),
        ([CREATED, ProductDiscontinued(), ProductRelisted(on_hand=3)], told(Discontinue), [ProductDiscontinued()]),
        (
            [CREATED, RESERVED, StockTaken(order_id="order-1", quantity=2)],
            told(ReturnStock, order_id="order-1", number=1, restocked=1, written_off=1),
            [StockReturned(order_id="order-1", number=1, restocked=1, written_off=1, on_hand=2, discontinued=False)],
        ),
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
        ([], create(price=Money(minor=-1, currency="EUR")), "price_below_zero"),
        ([CREATED], told(UpdatePrice, new_price=Money(minor=-1, currency="EUR"), reason="r"), "price_below_zero"),
        ([CREATED], told(AdjustStock, change=-4, reason="r"), "insufficient_stock"),
        ([CREATED, RESERVED], told(AdjustStock, change=-2, reason="r"), "insufficient_stock"),
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
        told(Relist),
        told(RenameProduct, name="Lux"),
        told(RecategoriseProduct, categories=("a",)),
        told(AdjustStock, change=1, reason="r"),
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
        ([CREATED], told(Relist)),
        ([CREATED], told(RenameProduct, name="Lamp")),
        ([CREATED], told(RecategoriseProduct, categories=("lighting",))),
        ([CREATED], told(AdjustStock, change=0, reason="r")),
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


@pytest.mark.parametrize("minor", [2000, 1023])
def test_what_was_priced_in_a_currency_that_has_gone_is_priced_in_another(minor: int) -> None:
    """As in Bulgaria, where the lev went in 2026: the same product, whatever the same number means in euros."""
    levs = Money(minor=2000, currency="BGN")
    product = after(CREATED.model_copy(update={"price": levs}))
    euros = Money(minor=minor, currency="EUR")

    events = decide(told(UpdatePrice, new_price=euros, reason="Euro"), product)

    assert events == [ProductPriceUpdated(price=euros, previous_price=levs, reason="Euro")]


@pytest.mark.parametrize(
    ("sku", "other", "same"),
    [
        ("Lamp-1", "LAMP-1", True),
        ("LAMP-1", "LAMP-2", False),
        ("Caf\u00e9 1", "CAFE\u0301 1", True),
        ("Gr\u00f6\u00dfe", "GR\u00d6SSE", True),
        ("A  1", "a\u00a01", True),
        ("A 1", "A1", False),
        ("A/1", "A#1", False),
    ],
)
def test_a_sku_is_the_same_in_any_case_normal_form_and_number_of_blanks(sku: str, other: str, same: bool) -> None:
    assert (product_id_of(sku) == product_id_of(other)) is same


@given(st.text(st.sampled_from("aAbB1 -+/'#.éÉ\u0301ß\u00a0"), min_size=1), st.text("aAbB1 -+/'#.é", min_size=1))
def test_two_skus_are_one_product_exactly_when_they_claim_the_same(first: str, second: str) -> None:
    """So no SKU stands in the way of another, and no two products bear one."""
    same = product_id_of(first) == product_id_of(second)
    assert same is (claimed(first) == claimed(second)) is (sku_key(first) == sku_key(second))


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True))
def test_ids_and_claims_of_the_first_versions_skus_are_as_they_were(sku: str) -> None:
    first = uuid5(UUID("0e6c5a1e-53a8-5a53-9a5f-6b0e5b8f9a11"), sku.casefold())
    assert product_id_of(sku) == f"product-{first}"
    assert claimed(sku) == f'["sku","{sku.lower()}"]'


def claimed(sku: str) -> str:
    product = after(created(sku=sku))
    assert product is not None
    [claim] = claims(product)
    return claim.key(b"")


def test_a_create_without_several_categories_is_the_command_that_it_was_before_there_were_any() -> None:
    """So a repetition of a key from then gets its first answer."""
    assert b"categories" not in create().content()
    assert b'"category"' not in create(category=None, categories=("a",)).content()
