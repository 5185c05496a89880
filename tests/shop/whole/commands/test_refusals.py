"""What the shop's endpoints refuse, each refusal with its own code and facts."""

from typing import Any

import httpx
import pytest

from tests.shop.support.shop import ADDRESS, Shop, order_of

EUR = {"amount": "19.99", "currency": "EUR"}
PRODUCT = {"name": "Lamp", "category": "lighting", "sku": "LAMP-1", "price": EUR}
TICKET = {"subject": "Parcel", "message": "Where is it?"}
UNKNOWN = "0198c0de-0000-7000-8000-000000000009"
NO_PRODUCT, NO_CUSTOMER, NO_ORDER = (f"/{kind}s/{kind}-{UNKNOWN}" for kind in ("product", "customer", "order"))


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "named"),
    [
        ("POST", "/products", PRODUCT | {"x": 1}, 422, "x"),
        ("POST", "/products", PRODUCT | {"sku": " "}, 422, "sku"),
        ("POST", "/products", PRODUCT | {"sku": "x" * 256}, 422, "sku"),
        ("POST", "/products", PRODUCT | {"sku": "A\u200b1"}, 422, "sku"),
        ("POST", "/products", PRODUCT | {"name": "x" * 501}, 422, "name"),
        ("POST", "/products", PRODUCT | {"categories": ["a"]}, 422, "categories"),
        ("PUT", f"{NO_PRODUCT}/name", {"name": ""}, 422, "name"),
        ("PUT", f"{NO_PRODUCT}/name", {"name": "A"}, 404, "product_not_found"),
        ("PUT", f"{NO_PRODUCT}/categories", {}, 422, "categories"),
        ("PUT", f"{NO_PRODUCT}/categories", {"categories": []}, 404, "product_not_found"),
        ("POST", f"{NO_PRODUCT}/adjust-stock", {"change": 1}, 422, "reason"),
        ("POST", f"{NO_PRODUCT}/adjust-stock", {"change": 1, "reason": "r"}, 404, "product_not_found"),
        ("POST", f"{NO_PRODUCT}/relist", None, 404, "product_not_found"),
        ("POST", "/products", PRODUCT | {"name": "a\nb"}, 422, "name"),
        ("POST", "/products", PRODUCT | {"category": "x" * 751}, 422, "category"),
        ("PUT", f"{NO_PRODUCT}/price", {"price": EUR, "reason": " "}, 422, "reason"),
        ("PUT", f"{NO_PRODUCT}/price", {"price": EUR, "reason": "r"}, 404, "product_not_found"),
        ("POST", f"{NO_PRODUCT}/restock", {"quantity": 0}, 422, "quantity"),
        ("POST", f"{NO_PRODUCT}/restock", {"quantity": 1}, 404, "product_not_found"),
        ("POST", f"{NO_PRODUCT}/discontinue", None, 404, "product_not_found"),
        ("POST", "/products/lamp/discontinue", None, 422, "product_id"),
        ("POST", "/customers", {"name": "Ada", "email": "ada"}, 422, "email"),
        ("PUT", f"{NO_CUSTOMER}/name", {"name": ""}, 422, "name"),
        ("PUT", f"{NO_CUSTOMER}/name", {"name": "A"}, 404, "customer_not_found"),
        ("PUT", f"{NO_CUSTOMER}/email", {"email": "a@b.org"}, 404, "customer_not_found"),
        ("DELETE", NO_CUSTOMER, None, 404, "customer_not_found"),
        ("DELETE", "/customers/bob", None, 422, "customer_id"),
        ("POST", f"{NO_ORDER}/ship", {"carrier": "DHL"}, 422, "tracking_number"),
        ("POST", f"{NO_ORDER}/ship", {"carrier": "DHL", "tracking_number": "1"}, 404, "order_not_found"),
        ("POST", f"{NO_ORDER}/cancel", {"reason": "r", "x": 1}, 422, "x"),
        ("POST", f"{NO_ORDER}/cancel", {"reason": "r"}, 404, "order_not_found"),
        ("POST", f"{NO_ORDER}/return", {"reason": "r", "lines": []}, 422, "lines"),
        ("POST", f"{NO_ORDER}/return", {"reason": "r"}, 404, "order_not_found"),
        ("POST", "/tickets", TICKET | {"customer_id": f"customer-{UNKNOWN}"}, 404, "customer_not_found"),
        ("POST", "/tickets", TICKET | {"order_id": f"order-{UNKNOWN}"}, 404, "order_not_found"),
    ],
)
async def test_a_bad_field_and_a_missing_aggregate_are_refused_by_name(
    client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None, status: int, named: str
) -> None:
    answer = await client.request(method, f"/api/v1{path}", json=body)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, named if status == 404 else "invalid_fields")
    assert [error["field"] for error in problem.get("errors", [])] == ([] if status == 404 else [named])


async def test_another_currency_and_a_discontinued_product_are_refused_with_their_facts(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await shop.product("LAMP")
    path = f"/api/v1/products/{product}"
    dollars = {"price": {"amount": "1", "currency": "USD"}, "reason": "r"}
    refused = await client.put(f"{path}/price", json=dollars)
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["currency"]) == (409, "currency_mismatch", "EUR")

    await shop.send("POST", f"/products/{product}/discontinue")
    refusals = [
        await client.put(f"{path}/price", json={"price": EUR, "reason": "r"}),
        await client.post(f"{path}/restock", json={"quantity": 1}),
    ]
    told = {(one.status_code, one.json()["code"], one.json()["product_id"]) for one in refusals}
    assert told == {(409, "product_discontinued", product)}


@pytest.mark.parametrize(
    ("price", "field"),
    [
        ({"amount": "-0.01", "currency": "EUR"}, "price.amount"),
        ({"amount": "1.999", "currency": "EUR"}, "price"),
        ({"amount": "1.5", "currency": "JPY"}, "price"),
        ({"amount": "NaN", "currency": "EUR"}, "price.amount"),
        ({"amount": "1e30", "currency": "EUR"}, "price.amount"),
        ({"amount": "1_000", "currency": "EUR"}, "price.amount"),
        ({"amount": True, "currency": "EUR"}, "price.amount"),
        ({"amount": "1", "currency": "EURO"}, "price.currency"),
        ({"amount": "1", "currency": "XAU"}, "price.currency"),
        ({"amount": "1", "currency": "EUR", "x": 1}, "price.x"),
        ({"amount": "1"}, "price.currency"),
    ],
)
async def test_a_price_that_is_none_is_refused(client: httpx.AsyncClient, price: dict[str, Any], field: str) -> None:
    answer = await client.post("/api/v1/products", json=PRODUCT | {"price": price})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")
    assert field in [error["field"] for error in answer.json()["errors"]]


@pytest.mark.parametrize("amount", ["19.99", 19.99, "19.990", 20, "0.01", "0", 0])
async def test_a_price_is_exact_however_it_is_written(client: httpx.AsyncClient, amount: object) -> None:
    price = {"amount": amount, "currency": "EUR"}
    created = await client.post("/api/v1/products", json=PRODUCT | {"price": price})

    shown = (await client.get(created.headers["Location"])).json()["price"]["amount"]
    assert shown == {"19.990": "19.99", "20": "20.00", "0": "0.00"}.get(str(amount), str(amount))


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
