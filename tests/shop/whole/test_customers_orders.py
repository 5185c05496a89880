"""A customer's orders, page by page: none twice and none left out."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.shop.support.desk import embedded_desk
from tests.shop.support.shop import Shop
from tests.support.eventually import eventually

ORDERS = 10


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with embedded_desk() as client:
        yield client


async def pages(client: httpx.AsyncClient, url: str) -> list[str]:
    """Ids of every page, as a client follows them."""
    found: list[str] = []
    following: str | None = url
    while following is not None:
        answer = (await client.get(following)).raise_for_status()
        found += [order["order_id"] for order in answer.json()["items"]]
        following = answer.links["next"]["url"] if answer.json()["next"] else None
    return found


async def test_every_order_is_on_one_page_whatever_the_size_of_the_pages(client: httpx.AsyncClient) -> None:
    shop = Shop(client)
    product, customer = await shop.product("LAMP", stock=ORDERS), await shop.customer()
    orders = [await shop.order(customer, **{product.replace("-", "_"): 1}) for _ in range(ORDERS)]
    newest_first = sorted((order for order in orders if order), reverse=True)

    for limit in (1, 3, ORDERS, 100):
        assert await pages(client, f"/api/v1/customers/{customer}/orders?limit={limit}") == newest_first

    async def confirmed() -> bool:
        return await pages(client, f"/api/v1/customers/{customer}/orders?status=confirmed") == newest_first

    await eventually(confirmed)
    assert await pages(client, f"/api/v1/customers/{customer}/orders?status=shipped") == []


async def test_a_customer_without_orders_has_an_empty_page_and_an_unknown_one_none(client: httpx.AsyncClient) -> None:
    customer = await Shop(client).customer()

    assert await pages(client, f"/api/v1/customers/{customer}/orders") == []
    unknown = f"/api/v1/customers/{customer[:-4]}0000/orders"
    for url in (unknown, f"{unknown}?status=placed", f"{unknown}?limit=100"):
        assert (await client.get(url)).json()["code"] == "customer_not_found"
