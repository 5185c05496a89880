"""The shop on real servers: orders that race for the last pieces, names that change, customers that are erased."""

import asyncio
from typing import Any

import httpx

from tests.shop.support.shop import Shop, orders_of
from tests.support.eventually import eventually
from tests.support.services.system import System


async def test_two_hundred_orders_race_for_a_hundred_pieces_while_services_are_killed(system: System) -> None:
    async with system.client("command") as commands, system.client("query") as queries:
        shop = Shop(commands)
        product, customer = await shop.product("LAMP", stock=100), await shop.customer()
        orders: list[str | None] = []

        async def buy() -> None:
            for _ in range(10):
                orders.append(await shop.order(customer, **{product.replace("-", "_"): 1}))

        buying = [asyncio.create_task(buy()) for _ in range(20)]
        for wanted, victim in ((30, "command"), (90, "projector"), (150, "command")):
            await eventually(lambda wanted=wanted: enough(orders, wanted))  # type: ignore[misc]
            await asyncio.to_thread(system[victim].kill)
            system[victim].start()
            await asyncio.to_thread(system[victim].wait_ready)
        await asyncio.gather(*buying)
        placed = [order for order in orders if order is not None]

        async def settled() -> bool:
            return "placed" not in {order["status"] for order in await orders_of(queries)}

        assert len(orders) == 200
        await eventually(lambda: shows_all(queries, placed), limit=60)
        await eventually(settled, limit=60)
        statuses = [order["status"] for order in await orders_of(queries)]
        assert statuses.count("confirmed") == 100
        assert statuses.count("rejected") == len(placed) - 100
        shown = (await queries.get(f"/api/v1/products/{product}")).json()
        assert (shown["on_hand"], shown["reserved"]) == (0, 100)
        dashboard = (await queries.get("/api/v1/shop/dashboard")).json()
        assert dashboard["revenue"][0]["total"] == "1999.00"
        assert dashboard["top_products"][0]["units"] == 100


async def test_of_two_replicas_one_dies_and_the_other_finishes_every_order(system: System) -> None:
    survivor = system.add("command")
    await asyncio.to_thread(survivor.wait_ready)
    async with (
        system.client("command") as dying,
        httpx.AsyncClient(base_url=survivor.url, timeout=30) as living,
        system.client("query") as queries,
    ):
        shop, other = Shop(dying), Shop(living)
        product, customer = await shop.product("LAMP", stock=40), await shop.customer()
        orders: list[str | None] = []

        async def buy(from_shop: Shop) -> None:
            for _ in range(10):
                orders.append(await from_shop.order(customer, **{product.replace("-", "_"): 1}))

        await asyncio.gather(*(buy(of) for of in (shop, other, shop, other)))
        await asyncio.to_thread(system["command"].kill)
        orders.append(await other.order(customer, **{product.replace("-", "_"): 1}))

        async def settled() -> bool:
            shown = await orders_of(queries)
            return len(shown) >= 40 and "placed" not in {order["status"] for order in shown}

        await eventually(settled, limit=60)
        confirmed = [order for order in await orders_of(queries) if order["status"] == "confirmed"]
        assert len(confirmed) == 40
        shown = (await queries.get(f"/api/v1/products/{product}")).json()
        assert (shown["on_hand"], shown["reserved"]) == (0, 40)


async def enough(orders: list[Any], wanted: int) -> bool:
    return len(orders) >= wanted


async def shows_all(queries: httpx.AsyncClient, placed: list[str]) -> bool:
    return sorted(order["order_id"] for order in await orders_of(queries)) == sorted(placed)


async def test_an_order_shows_its_customers_latest_name_and_nothing_of_an_erased_one(system: System) -> None:
    async with system.client("command") as commands, system.client("query") as queries:
        shop = Shop(commands)
        product, customer = await shop.product("LAMP", stock=5), await shop.customer("Ada Lovelace", "ada@example.org")
        order = await shop.order(customer, **{product.replace("-", "_"): 2})
        ticket = {"subject": "About Ada", "message": "Ada writes", "customer_id": customer}
        await shop.send("POST", "/tickets", ticket)
        await shop.send("PUT", f"/customers/{customer}/name", {"name": "Ada King"})

        shown = await queries.get(f"/api/v1/orders/{order}", headers={"Causal-Token": shop.token})
        assert shown.json()["customer_name"] == "Ada King"
        assert shown.json()["shipping_address"]["street"] == "12 Square"

        refused = await shop.send("DELETE", f"/customers/{customer}", refusals=(409,))
        assert refused.json()["code"] == "customer_has_open_orders"
        await shop.send("POST", f"/orders/{order}/cancel", {"reason": "Moved away"})
        await shop.send("DELETE", f"/customers/{customer}")
        paths = (
            f"/orders/{order}",
            f"/orders/{order}/history",
            "/orders",
            f"/customers/{customer}",
            f"/customers/{customer}/history",
            f"/customers/{customer}/orders",
            "/tickets",
        )
        for path in paths:
            answer = await queries.get(f"/api/v1{path}", headers={"Causal-Token": shop.token})
            assert answer.status_code == 200
            assert [word for word in WORDS if word in answer.text] == []
        await eventually(lambda: address_gone(queries, f"/api/v1/orders/{order}"))


WORDS = ("Ada", "12 Square", "ada@example.org")


async def address_gone(queries: httpx.AsyncClient, path: str) -> bool:
    """In the copy in Redis too, which follows the view."""
    shown = (await queries.get(path)).json()
    return shown["shipping_address"] is None and shown["customer_name"] == "erased customer"
