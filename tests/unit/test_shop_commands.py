"""The shop's endpoints: what they refuse, each with its own code, and what a repetition gets."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.desk import embedded_desk
from tests.support.shop import ADDRESS, Shop

EUR = {"amount": "19.99", "currency": "EUR"}
PRODUCT = {"name": "Lamp", "category": "lighting", "sku": "LAMP-1", "price": EUR}
UNKNOWN = "0198c0de-0000-7000-8000-000000000009"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with embedded_desk() as client:
        yield client


@pytest.fixture
def shop(client: httpx.AsyncClient) -> Shop:
    return Shop(client)


def order_of(customer: str, product: str, quantity: int = 1, **fields: Any) -> dict[str, Any]:
    lines = [{"product_id": product, "quantity": quantity}]
    return {"customer_id": customer, "lines": lines, "shipping_address": ADDRESS} | fields


@pytest.mark.parametrize(
    ("price", "field"),
    [
        ({"amount": "0", "currency": "EUR"}, "price.amount"),
        ({"amount": "-1", "currency": "EUR"}, "price.amount"),
        ({"amount": "1.999", "currency": "EUR"}, "price"),
        ({"amount": "1.5", "currency": "JPY"}, "price"),
        ({"amount": "NaN", "currency": "EUR"}, "price.amount"),
        ({"amount": "1e30", "currency": "EUR"}, "price.amount"),
        ({"amount": "1", "currency": "EURO"}, "price.currency"),
        ({"amount": "1", "currency": "QQQ"}, "price.currency"),
        ({"amount": "1", "currency": "XAU"}, "price.currency"),
        ({"amount": "1", "currency": "EUR", "x": 1}, "price.x"),
        ({"amount": "1"}, "price.currency"),
    ],
)
async def test_a_price_that_is_none_is_refused(client: httpx.AsyncClient, price: dict[str, Any], field: str) -> None:
    answer = await client.post("/api/v1/products", json=PRODUCT | {"price": price})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")
    assert field in [error["field"] for error in answer.json()["errors"]]


@pytest.mark.parametrize("amount", ["19.99", 19.99, "19.990", 20, "0.01"])
async def test_a_price_is_exact_however_it_is_written(client: httpx.AsyncClient, amount: object) -> None:
    price = {"amount": amount, "currency": "EUR"}
    created = await client.post("/api/v1/products", json=PRODUCT | {"price": price})

    shown = (await client.get(created.headers["Location"])).json()["price"]["amount"]
    assert shown == {"19.990": "19.99", "20": "20.00"}.get(str(amount), str(amount))


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"customer_id": f"customer-{UNKNOWN}"}, 404, "customer_not_found"),
        ({"lines": [{"product_id": f"product-{UNKNOWN}", "quantity": 1}]}, 404, "product_not_found"),
        ({"lines": []}, 422, "invalid_fields"),
        ({"shipping_address": ADDRESS | {"country": "ZZ"}}, 422, "invalid_fields"),
        ({"shipping_address": ADDRESS | {"country": "gb"}}, 422, "invalid_fields"),
        ({"shipping_address": {"name": "n"}}, 422, "invalid_fields"),
        ({"customer_id": "bob"}, 422, "invalid_fields"),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, shop: Shop, change: dict[str, Any], status: int, code: str
) -> None:
    product, customer = await shop.product("LAMP", stock=5), await shop.customer()

    answer = await client.post("/api/v1/orders", json=order_of(customer, product) | change)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await client.get("/api/v1/orders")).json()["items"] == []


async def test_what_is_plainly_short_is_named_with_both_quantities(client: httpx.AsyncClient, shop: Shop) -> None:
    product, customer = await shop.product("LAMP", stock=5), await shop.customer()

    answer = await client.post("/api/v1/orders", json=order_of(customer, product, 6))

    assert answer.status_code == 409
    problem = answer.json()
    assert (problem["code"], problem["product_id"]) == ("insufficient_stock", product)
    assert (problem["requested"], problem["available"]) == (6, 5)


async def test_a_discontinued_product_and_two_currencies_are_refused_by_name(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    lamp, customer = await shop.product("LAMP", stock=5), await shop.customer()
    yen = PRODUCT | {"sku": "YEN", "price": {"amount": "100", "currency": "JPY"}, "initial_stock": 5}
    other = (await client.post("/api/v1/products", json=yen)).json()["product_id"]
    mixed = {"lines": [{"product_id": product, "quantity": 1} for product in (lamp, other)]}
    assert (await client.post("/api/v1/orders", json=order_of(customer, lamp) | mixed)).json()[
        "code"
    ] == "mixed_currencies"

    await shop.send("POST", f"/products/{lamp}/discontinue")
    refused = (await client.post("/api/v1/orders", json=order_of(customer, lamp))).json()
    assert (refused["code"], refused["product_id"]) == ("product_discontinued", lamp)


async def test_a_repeated_order_gets_the_first_answer_whatever_the_prices_are_by_now(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product, customer = await shop.product("LAMP", stock=1), await shop.customer()
    body, key = order_of(customer, product), {"Idempotency-Key": "k-1"}
    first = await client.post("/api/v1/orders", json=body, headers=key)
    price = {"price": {"amount": "25", "currency": "EUR"}, "reason": "r"}
    await shop.send("PUT", f"/products/{product}/price", price)

    again = await client.post("/api/v1/orders", json=body, headers=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (await client.get(first.headers["Location"])).json()["total"]["amount"] == "19.99"


async def test_if_match_guards_the_shops_commands_too(client: httpx.AsyncClient, shop: Shop) -> None:
    product = await shop.product("LAMP")
    stale = await client.post(f"/api/v1/products/{product}/restock", json={"quantity": 1}, headers={"If-Match": '"7"'})

    assert (stale.status_code, stale.json()["current_version"]) == (412, 1)


async def test_erasing_again_changes_nothing_and_an_erased_customer_takes_no_command(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    customer, product = await shop.customer(), await shop.product("LAMP", stock=5)
    first = await client.delete(f"/api/v1/customers/{customer}")
    again = await client.delete(f"/api/v1/customers/{customer}")
    assert first.json() == again.json()

    refusals = [
        await client.put(f"/api/v1/customers/{customer}/name", json={"name": "A"}),
        await client.post("/api/v1/orders", json=order_of(customer, product)),
        await client.post("/api/v1/tickets", json={"subject": "s", "message": "m", "customer_id": customer}),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in refusals] == [(409, "customer_erased")] * 3
