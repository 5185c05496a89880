"""However orders come, those of a customer that wait to be shipped hold no more pieces than a setting."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from command_service.settings import Settings
from deploy.shop import SHOP
from shared.events.order import TOO_MUCH_UNSHIPPED
from tests.shop.support.shop import Shop
from twinpath.testing.in_memory import InMemorySystem

MOST = 10


class World:
    """The shop in one process, where a customer's orders may hold ten pieces; fulfilment comes when it is called."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
        settings = Settings(most_unshipped_units=MOST, reservation_hours=24)
        self.system = InMemorySystem(SHOP, lambda: self.now, settings, processes_at_once=False)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.system.app), base_url="http://shop")
        self.shop = Shop(self.client)

    async def place(self, customer: str, product: str, quantity: int) -> httpx.Response:
        return await self.client.post("/api/v1/orders", json=self.order(customer, product, quantity))

    def order(self, customer: str, product: str, quantity: int) -> dict[str, Any]:
        address = {"name": "A", "street": "s", "city": "c", "postal_code": "N1 1AA", "country": "GB"}
        lines = [{"product_id": product, "quantity": quantity}]
        return {"customer_id": customer, "lines": lines, "shipping_address": address}

    async def statuses(self, orders: list[str]) -> list[str]:
        return [(await self.client.get(f"/api/v1/orders/{order}")).json()["status"] for order in orders]

    async def reserved(self, product: str) -> int:
        return int((await self.client.get(f"/api/v1/products/{product}")).json()["reserved"])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    async with world.system.app.router.lifespan_context(world.system.app):
        yield world


async def test_an_order_beyond_it_is_refused_and_says_what_is_held(world: World) -> None:
    lamp, desk = await world.shop.product("LAMP", stock=99), await world.shop.product("DESK", stock=99)
    ada, bob = await world.shop.customer(), await world.shop.customer()
    assert (await world.place(ada, lamp, MOST + 1)).json()["code"] == "too_much_unshipped"
    assert (await world.place(ada, lamp, 7)).status_code == 201
    await world.system.settled()

    refused = await world.place(ada, desk, 4)

    assert refused.status_code == 409
    problem = refused.json()
    assert {name: problem[name] for name in ("code", "requested", "held", "most")} == {
        "code": "too_much_unshipped",
        "requested": 4,
        "held": 7,
        "most": MOST,
    }
    assert (await world.place(ada, desk, 3)).status_code == 201
    assert (await world.place(bob, desk, MOST)).status_code == 201


@pytest.mark.parametrize("in_bulk", [False, True])
async def test_of_orders_that_race_as_many_are_confirmed_as_it_allows_and_the_others_are_cancelled(
    world: World, in_bulk: bool
) -> None:
    lamp = await world.shop.product("LAMP", stock=99)
    ada = await world.shop.customer()
    if in_bulk:
        lines = [
            {"command": "place_order", "idempotency_key": f"{n}", "body": world.order(ada, lamp, 4)} for n in range(5)
        ]
        content, kind = "\n".join(map(json.dumps, lines)), {"Content-Type": "application/x-ndjson"}
        answer = await world.client.post("/api/v1/commands", content=content, headers=kind)
        placed = [json.loads(line) for line in answer.text.splitlines()]
    else:
        placed = [answer.json() for answer in await asyncio.gather(*(world.place(ada, lamp, 4) for _ in range(5)))]
    orders = [order["order_id"] for order in placed]
    await world.system.settled()

    assert sorted(await world.statuses(orders)) == ["cancelled"] * 3 + ["confirmed"] * 2
    assert await world.reserved(lamp) == 8
    cancelled = orders[(await world.statuses(orders)).index("cancelled")]
    shown = (await world.client.get(f"/api/v1/orders/{cancelled}")).json()
    assert shown["reason"] == TOO_MUCH_UNSHIPPED


@pytest.mark.parametrize("ends", ["ship", "cancel", "reject", "run out"])
async def test_what_ends_gives_back_what_it_held(world: World, ends: str) -> None:
    lamp, desk = await world.shop.product("LAMP", stock=99), await world.shop.product("DESK", stock=MOST)
    ada, bob = await world.shop.customer(), await world.shop.customer()
    if ends == "reject":  # somebody else has the last pieces meanwhile
        await world.place(bob, desk, MOST)
    order = (await world.place(ada, desk if ends == "reject" else lamp, MOST)).json()["order_id"]
    await world.system.settled()
    match ends:
        case "ship":
            shipping = {"carrier": "DHL", "tracking_number": "1"}
            await world.client.post(f"/api/v1/orders/{order}/ship", json=shipping)
        case "cancel":
            assert (await world.place(ada, lamp, 1)).status_code == 409
            await world.client.post(f"/api/v1/orders/{order}/cancel", json={"reason": "r"})
        case "run out":
            world.now += timedelta(hours=24)
            await world.system.processes.carry_out_due()
    await world.system.settled()

    assert await world.statuses([order]) == [
        {"ship": "shipped", "cancel": "cancelled", "reject": "rejected", "run out": "cancelled"}[ends]
    ]
    assert (await world.place(ada, lamp, MOST)).status_code == 201
