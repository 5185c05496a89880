"""What each projection of products makes of each event, to the last field."""

import pytest

from projector_service.product_catalogue import ProductCatalogueProjection
from projector_service.product_prices import ProductPricesProjection
from projector_service.product_sales import ProductSalesProjection
from shared.events.money import Money
from shared.events.product import (
    ProductCreated,
    ProductDiscontinued,
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
)
from tests.support.recording import NOON, changes_of
from twinpath.domain.views import Change, Put

PRODUCT, ORDER, CUSTOMER = "product-5", "order-4", "customer-3"
NOW = {"updated_at": NOON, "version": 2}
CREATED = ProductCreated(name="LAMP Straße", category="light", sku="L-1", price=Money(minor=1999, currency="EUR"))
RAISED = ProductPriceUpdated(
    price=Money(minor=500, currency="JPY"), previous_price=Money(minor=450, currency="JPY"), reason="dearer"
)
RESERVED = StockReserved(order_id=ORDER, quantity=3, on_hand=4)
REFUSED = ReservationRefused(order_id=ORDER, quantity=3, on_hand=1, reason="insufficient_stock")
RELEASED = StockReleased(order_id=ORDER, quantity=1, on_hand=1, discontinued=False)
BACK = StockReturned(order_id=ORDER, number=1, restocked=1, written_off=2, on_hand=1, discontinued=False)
TAKEN = StockTaken(order_id=ORDER, quantity=3)


def product(fields: dict[str, object], reserved: int | None = None) -> Change:
    increment = {} if reserved is None else {"reserved": reserved}
    return Change("product_catalogue", PRODUCT, set={**fields, **NOW}, increment=increment)


@pytest.mark.parametrize(("on_hand", "in_stock"), [(0, False), (1, True)])
def test_product_catalogue_has_a_document_for_a_new_product(on_hand: int, in_stock: bool) -> None:
    document = {
        "product_id": PRODUCT,
        "name": "LAMP Straße",
        "category": "light",
        "categories": ["light"],
        "category_keys": ["light"],
        "sku": "L-1",
        "price": {"amount": "19.99", "currency": "EUR"},
        "price_order": 199900,
        "on_hand": on_hand,
        "reserved": 0,
        "in_stock": in_stock,
        "discontinued": False,
        "created_at": NOON,
        "updated_at": NOON,
        "version": 1,
    }
    event = CREATED.model_copy(update={"on_hand": on_hand})
    assert changes_of(ProductCatalogueProjection(), event, PRODUCT, 1) == [Put("product_catalogue", PRODUCT, document)]


def test_product_catalogue_shows_and_sorts_by_the_latest_price() -> None:
    change = product({"price": {"amount": "500", "currency": "JPY"}, "price_order": 5000000})
    assert changes_of(ProductCatalogueProjection(), RAISED, PRODUCT) == [change]


def test_product_catalogue_shows_what_came_in() -> None:
    event = ProductRestocked(quantity=1, on_hand=1)
    change = product({"on_hand": 1, "in_stock": True})
    assert changes_of(ProductCatalogueProjection(), event, PRODUCT) == [change]


def test_product_catalogue_offers_a_discontinued_product_no_more() -> None:
    change = product({"discontinued": True, "in_stock": False})
    assert changes_of(ProductCatalogueProjection(), ProductDiscontinued(), PRODUCT) == [change]


@pytest.mark.parametrize(("on_hand", "in_stock"), [(0, False), (1, True)])
def test_product_catalogue_moves_pieces_from_on_hand_to_reserved(on_hand: int, in_stock: bool) -> None:
    event = RESERVED.model_copy(update={"on_hand": on_hand})
    change = product({"on_hand": on_hand, "in_stock": in_stock}, 3)
    assert changes_of(ProductCatalogueProjection(), event, PRODUCT) == [change]


def test_product_catalogue_shows_the_version_of_a_refused_reservation_and_moves_no_pieces() -> None:
    assert changes_of(ProductCatalogueProjection(), REFUSED, PRODUCT) == [product({})]


@pytest.mark.parametrize("discontinued", [False, True])
def test_product_catalogue_takes_pieces_back_but_offers_no_discontinued_ones(discontinued: bool) -> None:
    event = RELEASED.model_copy(update={"discontinued": discontinued})
    change = product({"on_hand": 1, "in_stock": not discontinued}, -1)
    assert changes_of(ProductCatalogueProjection(), event, PRODUCT) == [change]


def test_product_catalogue_counts_pieces_that_left_as_reserved_no_more() -> None:
    assert changes_of(ProductCatalogueProjection(), TAKEN, PRODUCT) == [product({}, -3)]


def test_product_catalogue_shows_another_name() -> None:
    event = ProductRenamed(name="Große Lampe", previous_name="Lamp")
    change = product({"name": "Große Lampe"})
    assert changes_of(ProductCatalogueProjection(), event, PRODUCT) == [change]


@pytest.mark.parametrize(
    ("categories", "fields"),
    [
        ((), {"category": None, "categories": [], "category_keys": []}),
        (("B > b", "a"), {"category": "B > b", "categories": ["B > b", "a"], "category_keys": ["b > b", "a"]}),
    ],
)
def test_product_catalogue_shows_other_categories(categories: tuple[str, ...], fields: dict[str, object]) -> None:
    event = ProductRecategorised(categories=categories, previous_categories=("light",))
    assert changes_of(ProductCatalogueProjection(), event, PRODUCT) == [product(fields)]


@pytest.mark.parametrize(("discontinued", "in_stock"), [(False, True), (True, False)])
def test_product_catalogue_shows_pieces_that_were_counted_or_came_back(discontinued: bool, in_stock: bool) -> None:
    counted = StockAdjusted(change=-2, on_hand=1, reason="r", discontinued=discontinued)
    back = BACK.model_copy(update={"discontinued": discontinued})
    change = product({"on_hand": 1, "in_stock": in_stock})
    assert changes_of(ProductCatalogueProjection(), counted, PRODUCT) == [change]
    assert changes_of(ProductCatalogueProjection(), back, PRODUCT) == [change]


@pytest.mark.parametrize(("on_hand", "in_stock"), [(0, False), (1, True)])
def test_product_catalogue_offers_a_relisted_product_again(on_hand: int, in_stock: bool) -> None:
    change = product({"discontinued": False, "in_stock": in_stock})
    assert changes_of(ProductCatalogueProjection(), ProductRelisted(on_hand=on_hand), PRODUCT) == [change]


def price(version: int, amount: str, currency: str, previous: str | None, reason: str | None) -> Put:
    entry = {
        "product_id": PRODUCT,
        "version": version,
        "price": {"amount": amount, "currency": currency},
        "previous_price": None if previous is None else {"amount": previous, "currency": currency},
        "reason": reason,
        "at": NOON,
        "by": "ann",
    }
    return Put("product_prices", f"{PRODUCT}@{version:010d}", entry)


def test_product_prices_begins_with_the_first_price() -> None:
    assert changes_of(ProductPricesProjection(), CREATED, PRODUCT, 1) == [price(1, "19.99", "EUR", None, None)]


def test_product_prices_has_every_later_price_and_why() -> None:
    assert changes_of(ProductPricesProjection(), RAISED, PRODUCT) == [price(2, "500", "JPY", "450", "dearer")]


def test_product_sales_begins_with_nothing_sold() -> None:
    document = {"product_id": PRODUCT, "name": "LAMP Straße", "units": 0}
    assert changes_of(ProductSalesProjection(), CREATED, PRODUCT, 1) == [Put("product_sales", PRODUCT, document)]


def test_product_sales_counts_what_is_kept_for_an_order() -> None:
    change = Change("product_sales", PRODUCT, increment={"units": 3})
    assert changes_of(ProductSalesProjection(), RESERVED, PRODUCT) == [change]


def test_product_sales_takes_back_what_was_released_and_not_what_left() -> None:
    change = Change("product_sales", PRODUCT, increment={"units": -1})
    assert changes_of(ProductSalesProjection(), RELEASED, PRODUCT) == [change]
    assert changes_of(ProductSalesProjection(), TAKEN, PRODUCT) == []


def test_product_sales_takes_back_what_came_back_and_shows_another_name() -> None:
    renamed = ProductRenamed(name="Lux", previous_name="Lamp")
    assert changes_of(ProductSalesProjection(), BACK, PRODUCT) == [
        Change("product_sales", PRODUCT, increment={"units": -3})
    ]
    assert changes_of(ProductSalesProjection(), renamed, PRODUCT) == [
        Change("product_sales", PRODUCT, set={"name": "Lux"})
    ]
