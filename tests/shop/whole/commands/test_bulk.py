"""Many commands in one request: in order, each with its own answer, a bad line harming no other."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from deploy.shop import SHOP
from tests.shop.support.desk import embedded_desk
from twinpath.commands.admission import Admission
from twinpath.commands.lines.reading import MOST_LINE_BYTES
from twinpath.http.settings import BulkLimits
from twinpath.testing import InMemorySystem

MOST_LINES = BulkLimits().bulk_lines

NDJSON = {"Content-Type": "application/x-ndjson", "X-Actor": "loader"}


@pytest.fixture
def shop() -> InMemorySystem:
    return InMemorySystem(SHOP)


@pytest.fixture
async def client(shop: InMemorySystem) -> AsyncIterator[httpx.AsyncClient]:
    async with embedded_desk(shop) as client:
        yield client


def product(sku: str, **line: Any) -> dict[str, Any]:
    body = {"name": sku, "category": "c", "sku": sku, "price": {"amount": "1.50", "currency": "EUR"}}
    return {"command": "create_product", "idempotency_key": f"make-{sku}", "body": body} | line


async def sent(client: httpx.AsyncClient, *lines: dict[str, Any] | bytes) -> list[dict[str, Any]]:
    body = b"\n".join(line if isinstance(line, bytes) else orjson.dumps(line) for line in lines)
    answer = await client.post("/api/v1/commands", content=body, headers=NDJSON)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [orjson.loads(line) for line in answer.content.splitlines()]


async def test_each_line_is_answered_in_order(client: httpx.AsyncClient) -> None:
    results = await sent(client, *(product(f"S{n}") for n in range(700)))

    assert [result["line"] for result in results] == list(range(1, 701))
    assert {result["status"] for result in results} == {201}
    first = await client.get(f"/api/v1/products/{results[0]['product_id']}")
    assert first.json()["sku"] == "S0"
    history = await client.get(f"/api/v1/products/{results[0]['product_id']}/history")
    assert history.json()["items"][0]["actor"] == "loader"


async def test_a_bad_line_is_reported_by_its_number_and_the_others_go_on(client: httpx.AsyncClient) -> None:
    results = await sent(
        client,
        product("A"),
        b"no json",
        b"",
        product("A", idempotency_key="again"),
        {"command": "fly", "idempotency_key": "k"},
        {"command": "restock", "idempotency_key": "k", "id": "product-1", "body": {"quantity": 1}},
        product("B", body={"name": "B"}),
        product("C", surprise=1),
        b"x" * (MOST_LINE_BYTES + 1),
        product("D"),
    )

    assert [(result["line"], result["status"], result.get("code")) for result in results] == [
        (1, 201, None),
        (2, 400, "malformed_json"),
        (4, 409, "sku_taken"),
        (5, 400, "unknown_command"),
        (6, 422, "invalid_fields"),
        (7, 422, "invalid_fields"),
        (8, 422, "invalid_fields"),
        (9, 400, "line_too_long"),
        (10, 201, None),
    ]


async def test_lines_of_one_aggregate_are_carried_out_in_order_and_a_repetition_changes_nothing(
    client: httpx.AsyncClient,
) -> None:
    [created] = await sent(client, product("A"))
    of = {"id": created["product_id"]}
    lines: list[dict[str, Any]] = [
        {"command": "restock", "idempotency_key": f"r{n}", "body": {"quantity": n}, **of} for n in (1, 2, 3)
    ]
    lines.append({"command": "discontinue", "idempotency_key": "d", **of})
    lines.append({"command": "restock", "idempotency_key": "r4", "body": {"quantity": 4}, **of})

    first, again = await sent(client, *lines), await sent(client, *lines)

    assert [result["status"] for result in first] == [200, 200, 200, 200, 409]
    assert first == again
    assert (await client.get(f"/api/v1/products/{created['product_id']}")).json()["on_hand"] == 6


async def test_every_command_of_the_shop_can_be_named(shop: InMemorySystem, client: httpx.AsyncClient) -> None:
    address = {"name": "n", "street": "s", "city": "c", "postal_code": "SW1Y 4JH", "country": "GB"}
    ticket = {"subject": "s", "message": "m"}
    customer = {"name": "Ada", "email": "ada@example.org"}
    made = await sent(
        client,
        product("A", body={**product("A")["body"], "initial_stock": 5}),
        {"command": "register_customer", "idempotency_key": "c", "body": customer},
        {"command": "open_ticket", "idempotency_key": "t", "body": ticket},
    )
    product_id, customer_id, ticket_id = made[0]["product_id"], made[1]["customer_id"], made[2]["ticket_id"]
    order = {"customer_id": customer_id, "lines": [{"product_id": product_id, "quantity": 1}]}
    orders = await sent(
        client,
        *(
            {"command": "place_order", "idempotency_key": f"o{n}", "body": order | {"shipping_address": address}}
            for n in (1, 2)
        ),
    )
    await shop.settled()
    price = {"price": {"amount": "2", "currency": "EUR"}, "reason": "r"}
    shipping = {"carrier": "DHL", "tracking_number": "1"}
    changes: list[tuple[str, str, dict[str, Any]]] = [
        ("change_ticket_status", ticket_id, {"status": "triaged"}),
        ("add_agent_note", ticket_id, {"note": "n"}),
        ("close_ticket", ticket_id, {"resolution": "r"}),
        ("update_price", product_id, price),
        ("restock", product_id, {"quantity": 1}),
        ("discontinue", product_id, {}),
        ("rename_customer", customer_id, {"name": "A"}),
        ("change_email", customer_id, {"email": "a@b.org"}),
        ("ship_order", orders[0]["order_id"], shipping),
        ("cancel_order", orders[1]["order_id"], {"reason": "r"}),
        ("erase_customer", customer_id, {}),
    ]
    results = await sent(
        client,
        *({"command": name, "idempotency_key": name, "id": of, "body": body} for name, of, body in changes),
    )

    assert [result["status"] for result in results] == [200] * len(changes), results


async def test_a_line_too_many_is_refused(client: httpx.AsyncClient) -> None:
    results = await sent(client, *([b"1"] * (MOST_LINES + 5)))

    assert len(results) == MOST_LINES + 1
    assert (results[-1]["line"], results[-1]["code"]) == (MOST_LINES + 1, "too_many_lines")


async def test_anything_but_ndjson_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/commands", json={})

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_while_the_service_is_busy_enough_lines_go_one_by_one_and_none_fails() -> None:
    app = InMemorySystem(SHOP).app
    admission: Admission = app.state.admission
    admission.limit = 0
    most = 0
    enter = admission.enter

    def counted() -> float:
        nonlocal most
        entered = enter()
        most = max(most, admission.in_hand)
        return entered

    admission.enter = counted  # type: ignore[method-assign]
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        results = await sent(client, *(product(f"S{n}") for n in range(50)))

    assert {result["status"] for result in results} == {201}
    assert (most, admission.in_hand) == (1, 0)
