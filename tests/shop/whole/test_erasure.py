"""A customer is erased: what the views show of them afterwards, and that a rebuild shows the very same."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from itertools import permutations
from typing import Any

import httpx
import pytest

from deploy.shop import SHOP
from projector_service.application import PROJECTIONS
from shared.events import CATALOGUE
from tests.shop.support.desk import embedded_desk
from tests.shop.support.query_app import QueryService
from tests.shop.support.shop import Shop
from tests.shop.support.ticket_views import TicketViews
from twinpath.domain.events import RecordedEvent
from twinpath.domain.views import Document
from twinpath.errors import Unavailable
from twinpath.ids import logs_of
from twinpath.log.interface import EventLog
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.interface import KeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.groups import view_projections
from twinpath.running.retrying import Pace
from twinpath.testing.in_memory import PARTITIONS, InMemorySystem
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch

LOGS = logs_of(CATALOGUE.categories, PARTITIONS)
VIEWS = [view.name for projection in view_projections(PROJECTIONS) for view in projection.views]
WORDS = "some private words"


class Erasing:
    """A shop with two customers, each with an order and a ticket; `ada` will be erased."""

    def __init__(self, shop: InMemorySystem, client: httpx.AsyncClient) -> None:
        self.shop = shop
        self._client = client
        self._commands = Shop(client)
        self.pages = QueryService(shop.app, client, TicketViews(shop.views))

    async def populate(self) -> "Erasing":
        product = (await self._commands.product("A1", stock=10)).replace("-", "_")
        self.ada, self.bob = [await self._commands.customer(name) for name in (WORDS, "Bob")]
        await self._commands.send("PUT", f"/customers/{self.ada}/email", {"email": "private@example.org"})
        self.order, self.bobs_order = [await self._commands.order(one, **{product: 2}) for one in (self.ada, self.bob)]
        await self.shop.settled()
        for order in (self.order, self.bobs_order):
            await self._commands.send("POST", f"/orders/{order}/ship", {"carrier": "DHL", "tracking_number": "1"})
        self.ticket, self.bobs_ticket, self.nobodys_ticket = [
            await self._opened_by(one) for one in (self.ada, self.bob, None)
        ]
        await self.note("looked into it")
        return self

    async def _opened_by(self, customer: str | None) -> str:
        body = {"subject": WORDS, "message": f"{WORDS}, at length", "customer_id": customer}
        return str((await self._commands.send("POST", "/tickets", body)).json()["ticket_id"])

    async def note(self, note: str) -> None:
        await self._commands.send("POST", f"/tickets/{self.ticket}/notes", {"note": note})

    async def erase(self) -> None:
        await self._commands.send("DELETE", f"/customers/{self.ada}")

    async def get(self, path: str) -> Any:
        answer = await self._client.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def projector(self, views: InMemoryViewStore) -> Projector:
        """Another one of the shop's log."""
        return Projector(view_projections(PROJECTIONS), LOGS, self.shop.store, views, self.shop.seals, CATALOGUE)


@pytest.fixture
async def erasing() -> AsyncIterator[Erasing]:
    shop = InMemorySystem(SHOP)
    async with embedded_desk(shop) as client:
        yield await Erasing(shop, client).populate()


async def test_a_ticket_keeps_everything_but_what_was_written_in_it(erasing: Erasing) -> None:
    ticket, rows = f"/tickets/{erasing.ticket}", f"/tickets?customer_id={erasing.ada}"
    before, [row] = await erasing.get(ticket), (await erasing.get(rows))["items"]
    assert before["message"] == f"{WORDS}, at length"

    await erasing.erase()

    notes = [note | {"note": "erased"} for note in before["notes"]]
    assert await erasing.get(ticket) == before | {"subject": "erased", "message": "erased", "notes": notes}
    gone = {"subject": "erased", "preview": "erased", "note_preview": "erased"}
    assert (await erasing.get(rows))["items"] == [row | gone]


async def test_who_looks_at_a_ticket_sees_it_being_erased(erasing: Erasing) -> None:
    async with erasing.pages.live(f"/tickets/{erasing.ticket}/events") as client:
        assert (await client.next()).data["subject"] == WORDS
        await erasing.note("somebody looks on")
        assert (await client.next()).data["note_count"] == 2

        await erasing.erase()
        told = await client.next()

    assert (told.data["subject"], told.data["message"], told.data["version"]) == ("erased", "erased", 3)


async def test_what_is_of_others_stays(erasing: Erasing) -> None:
    tickets = [f"/tickets/{ticket}" for ticket in (erasing.bobs_ticket, erasing.nobodys_ticket)]
    paths = [*tickets, f"/customers/{erasing.bob}", f"/orders/{erasing.bobs_order}"]
    pages = [path + end for path in paths for end in ("", "/history")]
    before = [await erasing.get(page) for page in pages]
    assert str(before).count(WORDS) == 8

    await erasing.erase()

    assert [await erasing.get(page) for page in pages] == before


async def test_a_history_keeps_every_entry_with_null_in_place_of_what_was_personal(erasing: Erasing) -> None:
    personal: dict[str, list[tuple[str, ...]]] = {
        f"/tickets/{erasing.ticket}/history": [("subject", "message"), ("note",)],
        f"/orders/{erasing.order}/history": [("shipping_address",), (), ("tracking_number",)],
        f"/customers/{erasing.ada}/history": [("name", "email"), ("email",)],
    }
    before = {path: (await erasing.get(path))["items"] for path in personal}

    await erasing.erase()

    for path, names_of_each in personal.items():
        for entry, names in zip(before[path], names_of_each, strict=True):
            assert all(entry["data"][name] for name in names)
            entry["data"] |= dict.fromkeys(names)
        after = (await erasing.get(path))["items"]
        assert after[: len(before[path])] == before[path]
        further = ["customer.erased"] if "customers" in path else []
        assert [entry["type"] for entry in after[len(before[path]) :]] == further


@pytest.mark.parametrize("categories", list(permutations(("customer", "ticket", "order"))))
async def test_a_rebuild_gives_the_documents_that_the_erasure_left(
    erasing: Erasing, categories: tuple[str, ...]
) -> None:
    await erasing.erase()
    views = InMemoryViewStore()
    projector = erasing.projector(views)

    await projector.start()
    others = [category for category in CATALOGUE.categories if category not in categories]
    for log in logs_of((*others, *categories), PARTITIONS):
        await projector.project(log, await events_of(erasing.shop.store, log))
    await projector.stop()

    assert await documents(views) == await documents(erasing.shop.views)


class Overtaken(InMemoryViewStore):
    """Views of which one log's first commit is late: `meanwhile` happens after its events were opened."""

    def __init__(self, log: str, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._log = log
        self._meanwhile = [meanwhile]

    async def commit(self, batch: Batch) -> None:
        """See ViewWriter.commit."""
        if self._meanwhile and any(move.log == self._log for move in batch.moves):
            await self._meanwhile.pop()()
        await super().commit(batch)


@pytest.mark.parametrize("late", ["ticket", "order"])
async def test_what_was_opened_before_an_erasure_and_committed_after_it_is_wiped(erasing: Erasing, late: str) -> None:
    store = erasing.shop.store
    late_log = next(event.log for event in await all_events(store) if event.stream == getattr(erasing, late))
    opened = await events_of(store, late_log)

    async def erasure_is_projected() -> None:
        await erasing.erase()
        for log in logs_of(("customer",), PARTITIONS):
            await projector.project(log, await events_of(store, log))

    views = Overtaken(late_log, erasure_is_projected)
    projector = erasing.projector(views)
    await projector.start()
    await projector.project(late_log, opened)
    for log in LOGS:
        await projector.project(log, await events_of(store, log))
    await projector.stop()

    assert await documents(views) == await documents(erasing.shop.views)


class AwayOnce(InMemoryKeyStore):
    """Keys that can't be reached the next time they are asked for, once `away` is set."""

    def __init__(self, inner: KeyStore) -> None:
        super().__init__()
        self._inner = inner
        self.away = False

    async def keys(self, customer_ids: Collection[str]) -> dict[str, bytes]:
        if self.away:
            self.away = False
            raise Unavailable("the keys are away")
        return await self._inner.keys(customer_ids)


async def test_a_wipe_that_the_keys_held_up_is_made_up_for(erasing: Erasing) -> None:
    store, keys = erasing.shop.store, AwayOnce(erasing.shop.keys)
    late_log = next(event.log for event in await all_events(store) if event.stream == erasing.ticket)
    opened = await events_of(store, late_log)

    async def meanwhile() -> None:
        await erasing.erase()
        for log in logs_of(("customer",), PARTITIONS):
            await projector.project(log, await events_of(store, log))
        keys.away = True

    views = Overtaken(late_log, meanwhile)
    pace = Pace(first=0.001, most=0.005, poison=0.005, look=0.005)
    projector = Projector(
        view_projections(PROJECTIONS), LOGS, store, views, Seals(keys, CATALOGUE), CATALOGUE, pace=pace
    )
    await projector.start()
    await projector.project(late_log, opened)
    for log in LOGS:
        await projector.project(log, await events_of(store, log))
    await projector.stop()

    assert await documents(views) == await documents(erasing.shop.views)


async def test_who_has_an_erased_ticket_in_a_cache_is_told_that_it_changed(erasing: Erasing) -> None:
    before = (await erasing.pages.get(f"/tickets/{erasing.ticket}")).headers["ETag"]
    await erasing.erase()

    after = await erasing.pages.get(f"/tickets/{erasing.ticket}", {"If-None-Match": before})

    assert after.status_code == 200
    headers = {"If-Match": after.headers["ETag"]}
    triaged = await erasing.pages.client.put(
        f"/api/v1/tickets/{erasing.ticket}/status", json={"status": "triaged"}, headers=headers
    )
    assert triaged.status_code == 200, "the ETag still stands for the version"


async def events_of(store: EventLog, log: str) -> list[RecordedEvent]:
    return await store.read_log(log, 0, 1_000)


async def all_events(store: EventLog) -> list[RecordedEvent]:
    return [event for log in LOGS for event in await events_of(store, log)]


async def documents(views: InMemoryViewStore) -> dict[str, list[Document]]:
    """Every document of every view, less its revision, which counts commits."""
    return {
        view: [{name: one[name] for name in one if name != "revision"} for one in await views.page(view, {}, None, 999)]
        for view in VIEWS
    }
