"""Fulfilment of orders that an older version wrote."""

from typing import Any

from command_service.application import COMMANDS
from command_service.fulfilment import Fulfilment
from command_service.settings import Settings
from shared.events.allowance import ALLOWANCE_EVENTS
from shared.events.order import ORDER_EVENTS, OrderPlaced
from shared.events.product import PRODUCT_EVENTS
from tests.shop.support.commanding import bus_on
from tests.support.appending import metadata
from twinpath.commands.processes.means import Means
from twinpath.commands.processes.reacting import Reactions
from twinpath.commands.processes.timers import InMemoryTimers
from twinpath.domain import Catalogue, Upcaster
from twinpath.domain.events import NewEvent, from_json, to_json
from twinpath.ids import new_id
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.interface import NewCommit


class OrderPlacedNow(OrderPlaced):
    """An order whose older schema did not say when it was placed."""

    upcasters = (Upcaster(lambda data: {**data, "placed_at": "2026-03-10T12:00:00Z"}),)


async def test_fulfilment_carries_out_what_an_older_version_asked_for() -> None:
    others = [event for event in (*ORDER_EVENTS, *PRODUCT_EVENTS, *ALLOWANCE_EVENTS) if event is not OrderPlaced]
    catalogue = Catalogue([*others, OrderPlacedNow])
    store, order = InMemoryEventStore(catalogue.categories), new_id("order")
    money = {"minor": 100, "currency": "EUR"}
    data: dict[str, Any] = {"customer_id": new_id("customer"), "lines": [], "total": money, "shipping_address": None}
    await store.append(NewCommit(order, [NewEvent("order.placed", 1, data)], 0, "c", metadata()))
    bus = bus_on(store, catalogue=catalogue, deciders=COMMANDS.deciders)
    fulfilment = Reactions(Fulfilment(Settings()), Means(bus, store, InMemoryTimers(), catalogue, COMMANDS.deciders))

    for event in from_json(to_json(await store.load(order))):
        await fulfilment.handle(event)

    assert [event.type for event in await store.load(order)] == ["order.placed", "order.confirmed"]
