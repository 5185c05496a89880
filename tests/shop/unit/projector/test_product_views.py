"""Products as they are shown, from their events to the answers: stock, prices, lists in every order, live updates."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from shared.events.money import MOST_MINOR, Money
from shared.events.product import (
    ProductCreated,
    ProductDiscontinued,
    ProductPriceUpdated,
    ProductRestocked,
    ReservationRefused,
    StockReleased,
    StockReserved,
    StockTaken,
)
from shared.read_models.prices import sortable
from shared.read_models.product_catalogue import PriceEntry, ProductDetails
from tests.shop.support.query_app import QueryService, in_memory
from twinpath.queries.endpoints.models import PageOf

UNKNOWN = "product-0198c0de-0000-7000-8000-000000000001"
ORDER = "order-0198c0de-0000-7000-8000-000000000001"


@pytest.fixture
async def service() -> AsyncIterator[QueryService]:
    async with in_memory() as service:
        yield service


def money(text: str) -> Money:
    """From `19.99 EUR`."""
    amount, currency = text.split()
    digits = Money(minor=0, currency=currency).digits
    return Money(minor=int(Decimal(amount).scaleb(digits)), currency=currency)


async def product(
    service: QueryService, name: str = "Lamp", price: str = "19.99 EUR", on_hand: int = 5, category: str = "light"
) -> str:
    product_id = f"product-{uuid4()}"
    created = ProductCreated(name=name, category=category, sku="S-1", price=money(price), on_hand=on_hand)
    await service.views.happened(product_id, created)
    return product_id


async def reprice(service: QueryService, product_id: str, previous: str, price: str, reason: str = "sale") -> None:
    event = ProductPriceUpdated(price=money(price), previous_price=money(previous), reason=reason)
    await service.views.happened(product_id, event)


async def shop(service: QueryService) -> dict[str, str]:
    """Name -> id of eight products; two bear one name, two cost the same; names in no order of prices."""
    rows = [
        ("apple", "3 EUR", 1, "food"),
        ("Zebra", "0.10 EUR", 1, "toys"),
        ("banana", "20 JPY", 0, "food"),
        ("Cherry", "19.99 EUR", 1, "food"),
        ("éclair", "19.99 USD", 2, "food"),
        ("Dinar", "19.995 KWD", 1, "coins"),
        ("STRASSE", "7 EUR", 1, "toys"),
        ("straße", "8 EUR", 1, "toys"),
    ]
    return {name: await product(service, name, price, stock, category) for name, price, stock, category in rows}


async def names(service: QueryService, **query: object) -> list[str]:
    answer = await service.get("/products", None, **query)
    assert answer.status_code == 200, answer.text
    return [row.name for row in PageOf[ProductDetails].model_validate_json(answer.content).items]


async def test_a_product_is_shown_whole_with_its_version_as_etag(service: QueryService) -> None:
    product_id = await product(service, price="5 JPY", on_hand=0)

    answer = await service.get(f"/products/{product_id}")

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    assert answer.json() == {
        "product_id": product_id,
        "name": "Lamp",
        "category": "light",
        "categories": ["light"],
        "sku": "S-1",
        "price": {"amount": "5", "currency": "JPY"},
        "on_hand": 0,
        "reserved": 0,
        "in_stock": False,
        "discontinued": False,
        "created_at": "2026-03-10T12:00:01Z",
        "updated_at": "2026-03-10T12:00:01Z",
        "version": 1,
    }
    assert (await service.get("/products")).json() == {"items": [answer.json()], "next": None}


async def test_stock_follows_every_event_and_so_does_the_version(service: QueryService) -> None:
    """Also after an event that moves no stock: the version is what a client sends back as If-Match."""
    product_id = await product(service, on_hand=3)
    steps = [
        (StockReserved(order_id=ORDER, quantity=3, on_hand=0), (0, 3, False)),
        (ReservationRefused(order_id=ORDER, quantity=1, on_hand=0, reason="insufficient_stock"), (0, 3, False)),
        (ProductRestocked(quantity=4, on_hand=4), (4, 3, True)),
        (StockReserved(order_id=ORDER, quantity=2, on_hand=2), (2, 5, True)),
        (StockTaken(order_id=ORDER, quantity=3), (2, 2, True)),
        (ProductDiscontinued(), (2, 2, False)),
        (StockReleased(order_id=ORDER, quantity=2, on_hand=4, discontinued=True), (4, 0, False)),
    ]
    for version, (event, expected) in enumerate(steps, start=2):
        await service.views.happened(product_id, event)

        shown = ProductDetails.model_validate_json((await service.get(f"/products/{product_id}")).content)
        assert ((shown.on_hand, shown.reserved, shown.in_stock), shown.version) == (expected, version), event
        assert shown.updated_at > shown.created_at


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", ["apple", "banana", "Cherry", "Dinar", "éclair", "STRASSE", "straße", "Zebra"]),
        ("price", ["Zebra", "apple", "STRASSE", "straße", "Cherry|éclair", "Dinar", "banana"]),
    ],
)
async def test_lists_are_sorted_as_people_expect_or_by_exact_price_and_ties_by_id(
    service: QueryService, sort: str, expected: list[str]
) -> None:
    ids = await shop(service)
    in_order = [name for names in expected for name in sorted(names.split("|"), key=ids.__getitem__)]

    assert await names(service, sort=sort) == in_order
    assert await names(service, sort=f"-{sort}") == in_order[::-1]
    assert await names(service) == await names(service, sort="name")


@pytest.mark.parametrize("sort", ["name", "-name", "price", "-price"])
async def test_every_product_stands_on_one_page_whatever_costs_the_same(service: QueryService, sort: str) -> None:
    for number in range(7):
        await product(service, "Lamp" if number % 2 else "lamp", "1.5 EUR" if number % 3 else "2 EUR")
    whole = (await service.get("/products", sort=sort)).json()["items"]

    answer = await service.get("/products", sort=sort, limit=2, in_stock="true", min_price="1.50")
    read = answer.json()["items"]
    while "next" in answer.links:
        answer = await service.client.get(answer.links["next"]["url"])
        read += answer.json()["items"]

    assert read == whole
    assert answer.json()["next"] is None


async def test_a_price_that_changes_between_pages_hides_no_other_product(service: QueryService) -> None:
    ids = [await product(service, price=f"{n} EUR") for n in range(1, 6)]
    first = (await service.get("/products", sort="price", limit=2)).json()
    await reprice(service, ids[1], "2 EUR", "9 EUR")
    await reprice(service, ids[4], "5 EUR", "0.5 EUR")

    second = (await service.get("/products", sort="price", cursor=first["next"])).json()

    assert [row["product_id"] for row in second["items"]] == [ids[2], ids[3], ids[1]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"category": "food"}, ["apple", "banana", "Cherry", "éclair"]),
        ({"category": "Food"}, ["apple", "banana", "Cherry", "éclair"]),
        ({"category": "foo"}, []),
        ({"in_stock": "false"}, ["banana", "Zebra"]),
        ({"in_stock": "true", "category": "toys"}, ["STRASSE", "straße"]),
        ({"discontinued": "true"}, ["Zebra"]),
        ({"discontinued": "false", "category": "coins"}, ["Dinar"]),
        ({"currency": "JPY"}, ["banana"]),
        ({"currency": "CHF"}, []),
        ({"min_price": "19.99", "max_price": "19.99"}, ["Cherry", "éclair"]),
        ({"min_price": "19.99", "max_price": "19.99", "currency": "USD"}, ["éclair"]),
        ({"min_price": "19.9901", "max_price": "19.9999"}, ["Dinar"]),
        ({"max_price": "0.1"}, ["Zebra"]),
        ({"max_price": "0.0999"}, []),
        ({"min_price": "20.00"}, ["banana"]),
        ({"min_price": "7", "max_price": "8", "category": "toys"}, ["STRASSE", "straße"]),
    ],
    ids=str,
)
async def test_lists_are_filtered(service: QueryService, query: dict[str, str], expected: list[str]) -> None:
    ids = await shop(service)
    await service.views.happened(ids["Zebra"], ProductDiscontinued())

    in_order = [name for names in expected for name in sorted(names.split("|"), key=ids.__getitem__)]
    assert await names(service, **query) == in_order


def test_a_price_can_be_sorted_by_however_large_it_is() -> None:
    largest = [sortable(Money(minor=MOST_MINOR, currency=currency)) for currency in ("KWD", "EUR", "JPY")]

    assert largest == sorted(largest)
    assert largest[-1] <= 2**63 - 1, "MongoDB would refuse it, and the projector would stand still"
    amounts = [Money(minor=1999, currency="EUR"), Money(minor=19990, currency="KWD")]
    assert list(map(sortable, amounts)) == [199900, 199900]


async def test_every_price_is_told_newest_first_in_pages(service: QueryService) -> None:
    product_id, _ = await product(service, price="10 EUR"), await product(service, price="77 EUR")
    await reprice(service, product_id, "10 EUR", "9.5 EUR", "sale")
    for pieces in range(8):  # on to versions of two digits
        await service.views.happened(product_id, ProductRestocked(quantity=1, on_hand=6 + pieces))
    await reprice(service, product_id, "9.5 EUR", "11 EUR", "end of sale")

    first = await service.get(f"/products/{product_id}/prices", limit=2)
    second = await service.client.get(first.links["next"]["url"])

    entries = [
        *PageOf[PriceEntry].model_validate(first.json()).items,
        *PageOf[PriceEntry].model_validate(second.json()).items,
    ]
    shown = [(one.version, one.price.amount, one.previous_price and one.previous_price.amount) for one in entries]
    assert shown == [(11, "11.00", "9.50"), (2, "9.50", "10.00"), (1, "10.00", None)]
    assert [(one.reason, one.by) for one in entries] == [("end of sale", "ann"), ("sale", "ann"), (None, "ann")]
    assert second.json()["next"] is None


@pytest.mark.parametrize("path", ["", "/prices", "/events", "/prices/events", "/history"])
async def test_an_unknown_product_is_not_found(service: QueryService, path: str) -> None:
    await product(service)

    answer = await service.get(f"/products/{UNKNOWN}{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "product_not_found")
    assert not service.app.state.queries.live._subscriptions


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("?colour=red", ["colour"]),
        ("?sort=sku", ["sort"]),
        ("?in_stock=perhaps", ["in_stock"]),
        ("?discontinued=", ["discontinued"]),
        ("?currency=eur", ["currency"]),
        (f"?sku={'x' * 256}", ["sku"]),
        (f"?category={'x' * 751}", ["category"]),
        ("?min_price=cheap", ["min_price"]),
        ("?min_price=-1", ["min_price"]),
        ("?min_price=NaN&max_price=Infinity", ["min_price", "max_price"]),
        ("?max_price=1.00001", ["max_price"]),
        ("?min_price=2.01&max_price=2", ["max_price"]),
        ("?limit=0", ["limit"]),
        ("/events?limit=5", ["limit"]),
        ("/events?min_price=3&max_price=2", ["max_price"]),
        ("/product-7", ["product_id"]),
        ("/product-7/prices", ["product_id"]),
        (f"/{UNKNOWN}?fields=all", ["fields"]),
        (f"/{UNKNOWN}/events?limit=1", ["limit"]),
        (f"/{UNKNOWN}/prices?sort=price", ["sort"]),
        (f"/{UNKNOWN}/prices/events?limit=1", ["limit"]),
    ],
)
async def test_each_invalid_field_is_named(service: QueryService, path: str, fields: list[str]) -> None:
    answer = await service.get(f"/products{path}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields"), answer.text
    assert [error["field"] for error in answer.json()["errors"]] == fields


async def test_a_cursor_is_good_for_its_own_list_alone(service: QueryService) -> None:
    ids = [await product(service, price="3 EUR") for _ in range(3)]
    asked: dict[str, Any] = {"sort": "price", "category": "light", "currency": "EUR", "min_price": "1", "limit": 1}
    cursor = (await service.get("/products", None, **asked)).json()["next"]
    others: list[dict[str, Any]] = [
        {"sort": "-price"},
        {"sort": "name"},
        {"category": "toys"},
        {"currency": "USD"},
        {"min_price": "1.01"},
        {"max_price": "9"},
        {"in_stock": "true"},
    ]

    for path, query in [("/products", asked | other) for other in others] + [
        ("/products", {}),
        (f"/products/{ids[0]}/prices", {}),
        ("/customers", {}),
    ]:
        answer = await service.get(path, None, **query, cursor=cursor)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor"), (path, query)
    assert (await service.get("/products", None, **asked, cursor=cursor)).status_code == 200
