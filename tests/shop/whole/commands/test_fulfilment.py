"""Fulfilment: whatever is handled again changes nothing, and what waits too long is given back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from command_service.customer.commands import EraseCustomer
from command_service.fulfilment import Fulfilment
from command_service.order.commands import CancelOrder, ConfirmOrder
from command_service.product.commands import ReleaseStock, ReserveStock, TakeStock
from command_service.settings import Settings
from deploy.shop import SHOP
from shared.events import CATALOGUE
from tests.shop.support.shop import Shop
from twinpath.commands.envelope import Envelope
from twinpath.commands.processes.means import derived_id
from twinpath.domain.aggregate import Command
from twinpath.domain.events import RecordedEvent
from twinpath.ids import logs_of
from twinpath.log.interface import Appended
from twinpath.testing.in_memory import PARTITIONS, InMemorySystem

ORDER, PRODUCT, CUSTOMER = (
    f"{kind}-0198c0de-0000-7000-8000-00000000000{n}" for n, kind in enumerate(("order", "product", "customer"), 1)
)
LOGS = logs_of(CATALOGUE.categories, PARTITIONS)


class World:
    """The shop in one process, with a clock of its own; fulfilment comes when it is called."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.embedded = InMemorySystem(SHOP, lambda: self.now, Settings(reservation_hours=24), processes_at_once=False)
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
    await world.embedded.settled()

    assert await world.happened(order) == ["placed", "confirmed"]
    assert (await world.get(f"/products/{lamp}"))["reserved"] == 2


async def test_the_loser_of_a_race_is_rejected_with_the_product_that_was_short_and_holds_nothing(world: World) -> None:
    lamp, desk = await world.shop.product("LAMP", stock=9), await world.shop.product("DESK", stock=1)
    first, second = await placed(world, (lamp, 2), (desk, 1)), await placed(world, (lamp, 2), (desk, 1))
    await world.embedded.settled()

    assert await world.happened(first) == ["placed", "confirmed"]
    assert await world.happened(second) == ["placed", "rejected"]
    rejection = {"product_id": desk, "quantity": 1, "on_hand": 0, "reason": "insufficient_stock"}
    assert (await world.get(f"/orders/{second}"))["rejection"] == rejection
    assert (await world.get(f"/products/{lamp}"))["reserved"] == 2


async def test_a_product_discontinued_meanwhile_rejects_the_order(world: World) -> None:
    lamp = await world.shop.product("LAMP", stock=9)
    order = await placed(world, (lamp, 1))
    await world.shop.send("POST", f"/products/{lamp}/discontinue")
    await world.embedded.settled()

    assert (await world.get(f"/orders/{order}"))["rejection"]["reason"] == "discontinued"


async def test_handling_every_event_again_changes_nothing(world: World) -> None:
    lamp, desk = await world.shop.product("LAMP", stock=9), await world.shop.product("DESK", stock=1)
    orders = [await placed(world, (lamp, 1), (desk, 1)) for _ in range(2)] + [await placed(world, (lamp, 2))]
    await world.embedded.settled()
    await world.shop.send("POST", f"/orders/{orders[0]}/ship", {"carrier": "DHL", "tracking_number": "1"})
    await world.shop.send("POST", f"/orders/{orders[0]}/return", {"reason": "r"})
    await world.shop.send("POST", f"/orders/{orders[2]}/cancel", {"reason": "r"})
    await world.embedded.settled()
    before = await world.events()

    for process in world.embedded.processes.running:
        for event in before:
            if event.type in process.handling.types:
                await process.handling.handle(event)

    assert await world.events() == before


async def test_what_comes_back_is_for_sale_again_or_written_off_and_counts_once(world: World) -> None:
    lamp = await world.shop.product("LAMP", stock=9)
    order = await placed(world, (lamp, 5))
    await world.embedded.settled()
    await world.shop.send("POST", f"/orders/{order}/ship", {"carrier": "DHL", "tracking_number": "1"})
    lines = [{"product_id": lamp, "quantity": 2}, {"product_id": lamp, "quantity": 1, "restock": False}]
    await world.shop.send("POST", f"/orders/{order}/return", {"lines": lines, "reason": "r"})
    await world.embedded.settled()

    shown = await world.get(f"/products/{lamp}")
    assert (shown["on_hand"], shown["reserved"]) == (6, 0)
    assert (await world.get("/shop/dashboard"))["top_products"][0]["units"] == 2
    assert (await world.get(f"/orders/{order}"))["status"] == "shipped"

    await world.shop.send("POST", f"/orders/{order}/return", {"reason": "r"})
    await world.embedded.settled()
    assert (await world.get(f"/products/{lamp}"))["on_hand"] == 8
    assert [entry["number"] for entry in (await world.get(f"/orders/{order}"))["returns"]] == [1, 2]
    dashboard = await world.get("/shop/dashboard")
    assert (dashboard["orders_by_status"]["returned"], dashboard["revenue"][0]["total"]) == (1, "0.00")


async def test_an_order_cancelled_before_it_was_reserved_is_not_confirmed_and_holds_nothing(world: World) -> None:
    lamp = await world.shop.product("LAMP", stock=3)
    order = await placed(world, (lamp, 2))
    await world.shop.send("POST", f"/orders/{order}/cancel", {"reason": "r"})
    await world.embedded.settled()

    assert await world.happened(order) == ["placed", "cancelled"]
    shown = await world.get(f"/products/{lamp}")
    assert (shown["on_hand"], shown["reserved"]) == (3, 0)


async def test_a_reservation_that_waited_too_long_is_given_back(world: World) -> None:
    lamp = await world.shop.product("LAMP", stock=3)
    late, shipped = await placed(world, (lamp, 1)), await placed(world, (lamp, 2))
    await world.embedded.settled()
    await world.shop.send("POST", f"/orders/{shipped}/ship", {"carrier": "DHL", "tracking_number": "1"})
    await world.embedded.settled()
    world.now += timedelta(hours=23)
    assert await world.embedded.processes.carry_out_due() == 0

    world.now += timedelta(hours=2)
    assert await world.embedded.processes.carry_out_due() == 1
    await world.embedded.settled()

    assert await world.happened(late) == ["placed", "confirmed", "cancelled"]
    assert await world.happened(shipped) == ["placed", "confirmed", "shipped"]
    shown = await world.get(f"/products/{lamp}")
    assert (shown["on_hand"], shown["reserved"]) == (1, 0)
    assert await world.embedded.processes.carry_out_due() == 0


async def test_an_erasure_that_a_crash_cut_short_is_ended(world: World) -> None:
    customer = await world.shop.customer("Ada")
    await world.embedded.keys.destroy(customer)  # and then the process died, before the log came to know of it
    assert (await world.get(f"/customers/{customer}"))["status"] == "active"
    world.now = datetime.now(UTC) + timedelta(minutes=2)

    assert await world.embedded.processes.carry_out_due() == 1
    await world.embedded.settled()

    assert (await world.get(f"/customers/{customer}"))["name"] == "erased customer"
    assert await world.embedded.processes.carry_out_due() == 0


NOW = datetime(2026, 3, 10, tzinfo=UTC)
GOLDEN: list[tuple[str, Command, str]] = [
    (
        f"{ORDER}@1",
        ReserveStock(product_id=PRODUCT, order_id=ORDER, quantity=1, at=NOW),
        "16d3f867-f270-537c-be3b-efa93f273ec7",
    ),
    (f"{ORDER}@1", ConfirmOrder(order_id=ORDER, at=NOW), "35b28830-54f7-57a0-a5eb-6f891c412201"),
    (f"{ORDER}@1", ReleaseStock(product_id=PRODUCT, order_id=ORDER, at=NOW), "25ca754a-2dd6-5f32-9aca-6e4b827837eb"),
    (f"{ORDER}@1", CancelOrder(order_id=ORDER, reason="r", at=NOW), "1fd309e2-f0c8-5841-a49d-95c3f13bd711"),
    (f"{ORDER}@3", TakeStock(product_id=PRODUCT, order_id=ORDER, at=NOW), "cfce963b-cdee-5287-a705-bd30b348dafa"),
    (CUSTOMER, EraseCustomer(customer_id=CUSTOMER, at=NOW), "2d85afd3-9527-56d7-b7c7-8c430ca73162"),
]


@pytest.mark.parametrize(("cause", "command", "expected"), GOLDEN, ids=[command.type for _, command, _ in GOLDEN])
def test_ids_of_commands_are_those_that_the_first_version_wrote(cause: str, command: Command, expected: str) -> None:
    assert derived_id(cause, command) == expected


def test_a_timer_of_the_first_version_cancels_its_order_with_the_same_words() -> None:
    old = Fulfilment(Settings()).old_timer("reservation-expiry", ORDER, NOW)

    assert old == CancelOrder(order_id=ORDER, reason="The reservation has run out.", at=NOW)
    assert Fulfilment(Settings()).old_timer("another", ORDER, NOW) is None


async def test_products_are_reserved_side_by_side(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    products = [await world.shop.product(sku, stock=3) for sku in ("A", "B", "C")]
    together = asyncio.Barrier(len(products))
    handle = world.embedded.bus.handle

    async def meeting(envelope: Envelope) -> Appended:
        if isinstance(envelope.command, ReserveStock):
            async with asyncio.timeout(5):
                await together.wait()
        return await handle(envelope)

    monkeypatch.setattr(world.embedded.bus, "handle", meeting)
    order = await placed(world, *((product, 1) for product in products))
    await world.embedded.settled()

    assert await world.happened(order) == ["placed", "confirmed"]


async def test_of_several_products_that_are_short_the_first_by_id_is_named_and_the_others_are_released(
    world: World,
) -> None:
    stock = {await world.shop.product(sku, stock=1): 1 for sku in "ABCD"}
    *_, last = sorted(stock)
    first = await placed(world, *((product, 1) for product in sorted(stock)[1:3]))
    second = await placed(world, *stock.items())
    await world.embedded.settled()

    assert await world.happened(first) == ["placed", "confirmed"]
    assert (await world.get(f"/orders/{second}"))["rejection"]["product_id"] == sorted(stock)[1]
    for product in (sorted(stock)[0], last):
        shown = await world.get(f"/products/{product}")
        assert (shown["on_hand"], shown["reserved"]) == (1, 0)
