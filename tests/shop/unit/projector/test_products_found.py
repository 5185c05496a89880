"""Products are found by each of their categories, and by their SKU however it is spelled."""

from collections.abc import AsyncIterator

import pytest

from shared.events.money import Money
from shared.events.product import ProductCreated, ProductRecategorised, product_id_of
from tests.shop.support.query_app import QueryService, in_memory


@pytest.fixture
async def service() -> AsyncIterator[QueryService]:
    async with in_memory() as service:
        yield service


async def product(service: QueryService, name: str) -> str:
    price = Money(minor=100, currency="EUR")
    created = ProductCreated(name=name, category="light", sku=name, price=price, on_hand=1)
    await service.views.happened(product_id_of(name), created)
    return product_id_of(name)


async def names(service: QueryService, **query: str) -> list[str]:
    return [row["name"] for row in (await service.get("/products", None, **query)).json()["items"]]


async def test_a_product_is_in_the_list_of_each_of_its_categories_and_of_none_that_it_left(
    service: QueryService,
) -> None:
    lamp, path = await product(service, "Lamp"), "Home & Garden > Lighting"
    await product(service, "Desk")
    moved = ProductRecategorised(categories=("Office", path), previous_categories=("light",))
    await service.views.happened(lamp, moved)

    assert await names(service, category="office") == await names(service, category=path.upper()) == ["Lamp"]
    assert await names(service, category="light") == ["Desk"]
    await service.views.happened(lamp, ProductRecategorised(categories=(), previous_categories=("Office", path)))
    assert await names(service, category="office") == []
    shown = (await service.get(f"/products/{lamp}")).json()
    assert (shown["category"], shown["categories"]) == (None, [])


async def test_a_product_is_found_by_its_sku_however_it_is_spelled(service: QueryService) -> None:
    for sku in ("Caf\u00e9 3+4/#'", "CAFE 3+4/#'"):
        await product(service, sku)

    assert await names(service, sku="cafe\u0301  3+4/#'") == ["Caf\u00e9 3+4/#'"]
    assert await names(service, sku="CAFE 3+4/#'", in_stock="true") == ["CAFE 3+4/#'"]
    assert await names(service, sku="CAFE 3+4/#") == []
