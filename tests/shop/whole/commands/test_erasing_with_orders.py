"""A customer who waits for an order is not erased; an order that was placed in that moment ships to nobody."""

from collections.abc import AsyncIterator

import httpx
import pytest

from command_service.customer.commands import EraseCustomer
from deploy.shop import SHOP
from tests.shop.support.shop import Shop
from twinpath.clock import utc_now
from twinpath.commands.envelope import Envelope
from twinpath.testing.in_memory import InMemorySystem

PARCEL = {"carrier": "DHL", "tracking_number": "1"}


class World:
    """The shop with a customer and two orders, of two pieces of a lamp and of one."""

    def __init__(self, client: httpx.AsyncClient, embedded: InMemorySystem) -> None:
        self.client = client
        self.embedded = embedded
        self.shop = Shop(client)

    async def populate(self) -> "World":
        self.lamp, self.customer = await self.shop.product("LAMP", stock=5), await self.shop.customer()
        self.orders = [await self.order(quantity) for quantity in (2, 1)]
        await self.embedded.settled()
        return self

    async def order(self, quantity: int) -> str:
        order = await self.shop.order(self.customer, **{self.lamp.replace("-", "_"): quantity})
        assert order is not None
        return order

    async def erase(self) -> httpx.Response:
        return await self.client.delete(f"/api/v1/customers/{self.customer}")

    async def status(self, order: str) -> str:
        return str((await self.client.get(f"/api/v1/orders/{order}")).json()["status"])

    async def on_hand(self) -> int:
        return int((await self.client.get(f"/api/v1/products/{self.lamp}")).json()["on_hand"])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    embedded = InMemorySystem(SHOP)
    transport = httpx.ASGITransport(embedded.app)
    async with embedded.app.router.lifespan_context(embedded.app):
        yield await World(httpx.AsyncClient(transport=transport, base_url="http://shop"), embedded).populate()


async def test_an_erasure_is_refused_with_the_orders_that_wait(world: World) -> None:
    refused = await world.erase()

    assert (refused.status_code, refused.json()["code"]) == (409, "customer_has_open_orders")
    assert sorted(refused.json()["order_ids"]) == sorted(world.orders)
    assert (await world.client.get(f"/api/v1/customers/{world.customer}")).json()["status"] == "active"


async def test_an_erasure_goes_through_when_every_order_is_shipped_cancelled_or_rejected(world: World) -> None:
    await world.shop.send("POST", f"/orders/{world.orders[0]}/ship", PARCEL)
    assert (await world.erase()).json()["order_ids"] == world.orders[1:]
    await world.shop.send("POST", f"/orders/{world.orders[1]}/cancel", {"reason": "r"})

    assert (await world.erase()).status_code == 200
    assert (await world.erase()).status_code == 200
    assert [await world.status(order) for order in world.orders] == ["shipped", "cancelled"]


async def test_what_was_shipped_comes_back_from_an_erased_customer_too(world: World) -> None:
    await world.shop.send("POST", f"/orders/{world.orders[0]}/ship", PARCEL)
    await world.shop.send("POST", f"/orders/{world.orders[1]}/cancel", {"reason": "r"})
    await world.erase()

    await world.shop.send("POST", f"/orders/{world.orders[0]}/return", {"reason": "r"})
    await world.embedded.settled()

    assert await world.status(world.orders[0]) == "returned"
    assert await world.on_hand() == 5


async def test_an_order_that_was_placed_in_the_moment_of_an_erasure_is_cancelled_and_holds_no_stock(
    world: World,
) -> None:
    """The command looked for orders before there were any: it is sent here as it was then."""
    late = EraseCustomer(customer_id=world.customer, at=utc_now(), open_orders=())
    await world.embedded.bus.handle(Envelope(late))
    await world.embedded.settled()

    assert [await world.status(order) for order in world.orders] == ["cancelled", "cancelled"]
    assert await world.on_hand() == 5
