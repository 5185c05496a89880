"""The golden events as a log, each in a stream that begins as its aggregates do, under the shop in memory."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
from pydantic import ValidationError

from command_service.application import COMMANDS
from command_service.order.commands import CancelOrder, ReturnOrder, ShipOrder
from command_service.product.commands import Discontinue, RecategoriseProduct, Relist, Restock
from command_service.settings import Settings
from deploy.shop import SHOP
from projector_service.application import PROJECTIONS
from shared.events import CATALOGUE
from tests.shop.golden.entries import FOLDER, read_entries
from tests.support.appending import metadata
from twinpath.clock import utc_now
from twinpath.commands.endpoints import declared_commands
from twinpath.commands.envelope import Envelope
from twinpath.domain.events import NewEvent
from twinpath.ids import category_of, uuid7
from twinpath.log.interface import NewCommit
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.groups import view_projections
from twinpath.testing import InMemorySystem
from twinpath.views.in_memory.stores import InMemoryViewStore

_BEGIN = {"customer": "registered", "order": "placed", "product": "created", "ticket": "opened"}
_LAST = ("erased", "closed", "discontinued")


class GoldenShop:
    """A shop whose log holds the past."""

    def __init__(self) -> None:
        self.now = utc_now()
        settings = Settings.model_construct()  # how this process runs is not what it takes
        self.system = InMemorySystem(SHOP, lambda: self.now, settings, processes_at_once=False)
        self.streams: list[str] = []
        self.done: dict[str, str] = {}

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator["GoldenShop"]:
        """The shop within its lifespan."""
        shop = cls()
        async with shop.system.app.router.lifespan_context(shop.system.app):
            yield shop

    async def write_everything(self) -> None:
        """Each beginning, in each schema, with everything else that ever happened to its kind."""
        for category, begin in _BEGIN.items():
            for first in _events(f"{category}.{begin}"):
                others = [event for event in _of(category) if event.type != first.type]
                last = [event for event in others if event.type.endswith(_LAST)]
                await self._write(category, [first, *(event for event in others if event not in last), *last])

    async def _write(self, category: str, events: list[NewEvent]) -> str:
        stream = _golden_product(events) if category == "product" else f"{category}-{uuid7()}"
        stream = stream if stream not in self.streams else f"{category}-{uuid7()}"
        for version, event in enumerate(events):
            await self.system.store.append(NewCommit(stream, [event], version, uuid7(), metadata()))
        self.streams.append(stream)
        return stream

    async def go_on(self) -> None:
        """Carry out what is still to be done about goods and orders of the past."""
        for product in _events("product.created"):
            stream = await self._write("product", [product])
            await self._carry_out(Restock(product_id=stream, quantity=5, at=self.now))
            await self._carry_out(Discontinue(product_id=stream, at=self.now))
            await self._carry_out(Relist(product_id=stream, at=self.now))
            await self._carry_out(RecategoriseProduct(product_id=stream, categories=("a", "b"), at=self.now))
        for command in ("ship", "cancel"):
            for placed in _events("order.placed"):
                stream = await self._write("order", [placed, *list(_events("order.confirmed"))[:1]])
                if command == "ship":
                    await self._carry_out(ShipOrder(order_id=stream, carrier="c", tracking_number="t", at=self.now))
                    await self._carry_out(ReturnOrder(order_id=stream, reason="r", at=self.now))
                else:
                    await self._carry_out(CancelOrder(order_id=stream, reason="r", at=self.now))
        await self.system.settled()

    async def _carry_out(self, command: Any) -> None:
        appended = await self.system.bus.handle(Envelope(command))
        self.done[f"{command.type} {command.stream}"] = str(appended.version)

    async def later(self, wait: timedelta) -> None:
        """Let the timers of everything so far come due."""
        self.now += wait
        while await self.system.processes.carry_out_due():
            await self.system.settled()

    def parked(self) -> int:
        """How many streams a projection could not apply."""
        return sum(self.system.projector.parked().values())

    async def shown(self) -> dict[str, int]:
        """Path -> status, of every list, every document, and both dashboards."""
        transport = httpx.ASGITransport(app=self.system.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop/api/v1") as client:
            return {path: (await client.get(path)).status_code for path in self._paths()}

    def _paths(self) -> Iterator[str]:
        yield from ("/customers", "/orders", "/products?sort=name", "/tickets", "/shop/dashboard", "/tickets/dashboard")
        for stream in self.streams:
            yield f"/{category_of(stream)}s/{stream}"

    async def unlike_rebuilt(self) -> list[str]:
        """The views whose documents are not what a fold of the whole log gives."""
        anew = InMemoryViewStore()
        logs = list(await self.system.store.heads())
        projections = view_projections(PROJECTIONS)
        projector = Projector(projections, logs, self.system.store, anew, self.system.seals, CATALOGUE)
        await projector.start()
        for log in logs:
            await projector.project(log, await self.system.store.read_log(log, 0, 10_000))
        await projector.stop()
        names = [view.name for projection in projections for view in projection.views]
        return [name for name in names if await _contents(anew, name) != await _contents(self.system.views, name)]

    async def taken_from_callers(self) -> list[str]:
        """The commands whose own example a caller may still send: rules hold there, and none may pass."""
        taken = []
        for name, declared in declared_commands(COMMANDS.aggregates).items():
            try:
                declared.body.model_validate(declared.example)
            except ValidationError:
                continue
            if declared.example:
                taken.append(name)
        return taken


async def _contents(views: InMemoryViewStore, view: str) -> list[dict[str, Any]]:
    documents = await views.page(view, {}, None, 10_000)
    return [{name: value for name, value in document.items() if name != "revision"} for document in documents]


def _events(name: str) -> Iterator[NewEvent]:
    return (event for event in _of(name.partition(".")[0]) if event.type == name)


def _of(category: str) -> list[NewEvent]:
    """Every golden event of a category, in every schema."""
    return [
        NewEvent(entry.type, entry.schema, data)
        for entry in read_entries(FOLDER)
        if entry.type.startswith(f"{category}.")
        for data in entry.examples
    ]


def _golden_product(events: list[NewEvent]) -> str:
    """The id under which golden orders know it."""
    [line, *_] = next(_events("order.placed")).data["lines"]
    return str(line["product_id"]) if events[0].data["sku"] == "LAMP-1" else f"product-{uuid7()}"
