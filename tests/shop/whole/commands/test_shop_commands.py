"""The shop's endpoints: what they do and refuse, each refusal with its own code, and what a repetition gets."""

import asyncio

import httpx

from tests.shop.support.shop import Shop, order_of
from twinpath.ids import log_of
from twinpath.testing import InMemorySystem

EUR = {"amount": "19.99", "currency": "EUR"}
PRODUCT = {"name": "Lamp", "category": "lighting", "sku": "LAMP-1", "price": EUR}
TICKET = {"subject": "Parcel", "message": "Where is it?"}
UNKNOWN = "0198c0de-0000-7000-8000-000000000009"


async def test_a_create_answers_with_location_version_etag_and_causal_token(client: httpx.AsyncClient) -> None:
    bodies = {"product": PRODUCT | {"initial_stock": 5}, "customer": {"name": "Ada", "email": "ada@example.org"}}
    ids: dict[str, str] = {}
    for kind in ("product", "customer", "order"):
        body = bodies.get(kind) or order_of(ids["customer"], ids["product"])
        answer = await client.post(f"/api/v1/{kind}s", json=body)

        created = ids[kind] = answer.json()[f"{kind}_id"]
        assert answer.json() == {f"{kind}_id": created, "version": 1, "status": "accepted"}
        assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
        assert answer.headers["Causal-Token"] == f"{log_of(created, 4)}:1"
        assert answer.headers["Location"] == f"/api/v1/{kind}s/{created}"
        assert (await client.get(answer.headers["Location"])).json()[f"{kind}_id"] == created


async def test_a_product_is_led_through_its_whole_life(client: httpx.AsyncClient, shop: Shop) -> None:
    path = f"/products/{await shop.product('LAMP', stock=5)}"

    steps = [
        await shop.send("PUT", f"{path}/price", {"price": {"amount": "25", "currency": "EUR"}, "reason": "r"}),
        await shop.send("POST", f"{path}/restock", {"quantity": 2}),
        await shop.send("POST", f"{path}/discontinue"),
        await shop.send("POST", f"{path}/discontinue", {}),
    ]

    assert [(step.status_code, step.json()["version"]) for step in steps] == [(200, 2), (200, 3), (200, 4), (200, 4)]
    shown = (await client.get(f"/api/v1{path}")).json()
    assert (shown["price"]["amount"], shown["on_hand"], shown["discontinued"]) == ("25.00", 7, True)


async def test_a_customer_gets_another_name_and_address(client: httpx.AsyncClient, shop: Shop) -> None:
    path = f"/customers/{await shop.customer()}"

    steps = [
        await shop.send("PUT", f"{path}/name", {"name": " Ada King "}),
        await shop.send("PUT", f"{path}/email", {"email": "king@example.org"}),
        await shop.send("PUT", f"{path}/name", {"name": "Ada King"}),
    ]

    assert [(step.status_code, step.json()["version"]) for step in steps] == [(200, 2), (200, 3), (200, 3)]
    shown = (await client.get(f"/api/v1{path}")).json()
    assert (shown["name"], shown["email"]) == ("Ada King", "king@example.org")


async def test_a_confirmed_order_ships_once_and_is_not_cancelled_then(
    client: httpx.AsyncClient, shop: Shop, embedded: InMemorySystem
) -> None:
    product, customer = await shop.product("LAMP", stock=5), await shop.customer()
    path = (await client.post("/api/v1/orders", json=order_of(customer, product, 2))).headers["Location"]
    parcel = {"carrier": "DHL", "tracking_number": "1"}
    await embedded.settled()

    first = await client.post(f"{path}/ship", json=parcel)
    assert (first.status_code, first.json()["version"]) == (200, 3)
    assert (await client.post(f"{path}/ship", json=parcel)).json() == first.json()

    refusals = [
        await client.post(f"{path}/ship", json=parcel | {"tracking_number": "2"}),
        await client.post(f"{path}/cancel", json={"reason": "r"}),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in refusals] == [(409, "order_shipped")] * 2
    shown = (await client.get(path)).json()
    assert (shown["status"], shown["carrier"], shown["tracking_number"]) == ("shipped", "DHL", "1")


async def test_a_cancelled_order_gives_its_stock_back_and_does_not_ship(
    client: httpx.AsyncClient, shop: Shop, embedded: InMemorySystem
) -> None:
    product, customer = await shop.product("LAMP", stock=5), await shop.customer()
    path = (await client.post("/api/v1/orders", json=order_of(customer, product, 2))).headers["Location"]
    await embedded.settled()

    first = await client.post(f"{path}/cancel", json={"reason": "r"})
    again = await client.post(f"{path}/cancel", json={"reason": "another"})
    refused = await client.post(f"{path}/ship", json={"carrier": "DHL", "tracking_number": "1"})

    assert (first.status_code, first.json()["version"]) == (200, 3)
    assert again.json() == first.json()
    assert (refused.status_code, refused.json()["code"]) == (409, "order_not_confirmed")
    assert refused.json()["order_status"] == "cancelled"
    await embedded.settled()
    assert (await client.get(f"/api/v1/products/{product}")).json()["on_hand"] == 5


async def test_one_sku_is_one_product_also_when_creates_race(client: httpx.AsyncClient) -> None:
    spelled = [PRODUCT | {"sku": sku, "name": f"Lamp {number}"} for number, sku in enumerate(["L-1", "l-1"] * 5)]

    answers = await asyncio.gather(*(client.post("/api/v1/products", json=body) for body in spelled))

    created, *refused = sorted(answers, key=lambda answer: answer.status_code)
    assert created.status_code == 201
    told = {(one.status_code, one.json()["code"], one.json()["product_id"]) for one in refused}
    assert told == {(409, "sku_taken", created.json()["product_id"])}
    assert len((await client.get("/api/v1/products")).json()["items"]) == 1


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
