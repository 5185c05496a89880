"""Fulfilment: whatever is handled again changes nothing, and what waits too long is given back."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.events import CATALOGUE
from tests.support.shop import Shop
from twinpath.domain.events import RecordedEvent
from twinpath.ids import logs_of
from twinpath.testing.in_memory import PARTITIONS, Embedded

LOGS = logs_of(CATALOGUE.categories, PARTITIONS)


class World:
    """The shop in one process, with a clock of its own; fulfilment comes when it is called."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.embedded = Embedded(clock=lambda: self.now, reservation=timedelta(hours=24), fulfil_at_once=False)
        transport = httpx.ASGITransport(self.embedded.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://shop")
        self.shop = Shop(self.client)

    async def events(self) -> list[RecordedEvent]:
        return [event for log in LOGS for event in await self.embedded.store.read_log(log, 0, 1_000)]

    async def happened(self, stream: str) -> list[str]:
        return [event.type.partition(".")[2] for event in await self.embedded.store.load(stream)]

    async def get(self, path: str) -> dict[str, Any]:
        shown: dict[str, Any] = (await self.client.get(f"/api/v1{path}")).raise_for_status().json()
        return shown


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    app = world.embedded.app
    async with app.router.lifespan_context(app):
        yield world


async def placed(world: World, *products: tuple[str, int]) -> str:
    customer = await world.shop.customer()
    order = await world.shop.order(customer, **{of.replace("-", "_"): n for of, n in products})
    assert order is not None
    return order


async def test_an_order_whose_products_are_there_is_confirmed(world: World) -> None:
    lamp, desk = await world.shop.product("LAMP", stock=3), await world.shop.product("DESK", stock=1)
    order = await placed(world, (lamp, 2), (desk, 1))
    await world.embedded.fulfil()

    assert await world.happened(order) == ["placed", "confirmed"]
    assert (await world.get(f"/products/{lamp}"))["reserved"] == 2


async def test_the_loser_of_a_race_is_rejected_with_the_product_that_was_short_and_holds_nothing(world: World) -> None:
    lamp, desk = await world.shop.product("LAMP", stock=9), await world.shop.product("DESK", stock=1)
    first, second = await placed(world, (lamp, 2), (desk, 1)), await placed(world, (lamp, 2), (desk, 1))
    await world.embedded.fulfil()

    assert await world.happened(first) == ["placed", "confirmed"]
    assert await world.happened(second) == ["placed", "rejected"]
    rejection = {"product_id": desk, "quantity": 1, "on_hand": 0, "reason": "insufficient_stock"}
    assert (await world.get(f"/orders/{second}"))["rejection"] == rejection
    assert (await world.get(f"/products/{lamp}"))["reserved"] == 2


async def test_a_product_discontinued_meanwhile_rejects_the_order(world: World) -> None:
    lamp = await world.shop.product("LAMP", stock=9)
    order = await placed(world, (lamp, 1))
    await world.shop.send("POST", f"/products/{lamp}/discontinue")
    await world.embedded.fulfil()

    assert (await world.get(f"/orders/{order}"))["rejection"]["reason"] == "discontinued"


async def test_handling_every_event_again_changes_nothing(world: World) -> None:
    lamp, desk = await world.shop.product("LAMP", stock=9), await world.shop.product("DESK", stock=1)
    orders = [await placed(world, (lamp, 1), (desk, 1)) for _ in range(2)] + [await placed(world, (lamp, 2))]
    await world.embedded.fulfil()
    await world.shop.send("POST", f"/orders/{orders[0]}/ship", {"carrier": "DHL", "tracking_number": "1"})
    await world.shop.send("POST", f"/orders/{orders[2]}/cancel", {"reason": "r"})
    await world.embedded.fulfil()
    before = await world.events()

    for event in before:
        await world.embedded.fulfilment.handle(event)

    assert await world.events() == before


async def test_an_order_cancelled_before_it_was_reserved_is_not_confirmed_and_holds_nothing(world: World) -> None:
    lamp = await world.shop.product("LAMP", stock=3)
    order = await placed(world, (lamp, 2))
    await world.shop.send("POST", f"/orders/{order}/cancel", {"reason": "r"})
    await world.embedded.fulfil()

    assert await world.happened(order) == ["placed", "cancelled"]
    shown = await world.get(f"/products/{lamp}")
    assert (shown["on_hand"], shown["reserved"]) == (3, 0)


async def test_a_reservation_that_waited_too_long_is_given_back(world: World) -> None:
    lamp = await world.shop.product("LAMP", stock=3)
    late, shipped = await placed(world, (lamp, 1)), await placed(world, (lamp, 2))
    await world.embedded.fulfil()
    await world.shop.send("POST", f"/orders/{shipped}/ship", {"carrier": "DHL", "tracking_number": "1"})
    await world.embedded.fulfil()
    world.now += timedelta(hours=23)
    assert await world.embedded.fulfilment.carry_out_due() == 0

    world.now += timedelta(hours=2)
    assert await world.embedded.fulfilment.carry_out_due() == 1
    await world.embedded.fulfil()

    assert await world.happened(late) == ["placed", "confirmed", "cancelled"]
    assert await world.happened(shipped) == ["placed", "confirmed", "shipped"]
    shown = await world.get(f"/products/{lamp}")
    assert (shown["on_hand"], shown["reserved"]) == (1, 0)
    assert await world.embedded.fulfilment.carry_out_due() == 0


async def test_an_erasure_that_a_crash_cut_short_is_ended(world: World) -> None:
    customer = await world.shop.customer("Ada")
    await world.embedded.keys.destroy(customer)  # and then the process died, before the log came to know of it
    assert (await world.get(f"/customers/{customer}"))["status"] == "active"
    world.now = datetime.now(UTC) + timedelta(minutes=2)

    assert await world.embedded.fulfilment.carry_out_due() == 1
    await world.embedded.fulfil()

    assert (await world.get(f"/customers/{customer}"))["name"] == "erased customer"
    assert await world.embedded.fulfilment.carry_out_due() == 0
