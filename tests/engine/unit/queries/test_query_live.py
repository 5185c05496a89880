"""Server-Sent Events: first the state as it is, then every change once, whatever happens on the way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.engine.support.query_app import QueryService, in_memory, running
from tests.engine.support.repair_views import RepairViews
from tests.support.eventually import eventually
from tests.support.live_client import LiveClient
from twinpath.domain.views import Document
from twinpath.errors import Unavailable
from twinpath.ids import new_id
from twinpath.queries.reading import live
from twinpath.queries.reading.live import MOST_PENDING, Subscription
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import NEW, DocumentChange


@pytest.fixture
async def service() -> AsyncIterator[QueryService]:
    async with in_memory() as service:
        yield service


async def test_a_repair_is_shown_as_it_is_and_then_as_it_changes(service: QueryService) -> None:
    repair = await service.views.open()
    async with service.live(f"/repairs/{repair}/events") as client:
        first = await client.next()
        await service.views.note(repair, "seen?")
        second = await client.next()

        assert client.status == 200
        assert [(event.name, event.id, event.data["version"]) for event in (first, second)] == [
            ("repair", "1", 1),
            ("repair", "2", 2),
        ]
        assert second.data == (await service.get(f"/repairs/{repair}")).json()


async def test_the_list_tells_of_new_changed_and_leaving_repairs(service: QueryService) -> None:
    old = await service.views.open()
    async with service.live("/repairs/events?status=open") as client:
        first = await client.next()
        assert (first.name, [row["repair_id"] for row in first.data["items"]]) == ("repairs", [old])

        new = await service.views.open()
        told = await client.next()
        if told.name == "repairs":  # the watch may have begun after the commit, so all is read anew
            assert [row["repair_id"] for row in told.data["items"]] == [new, old]
            told = await client.next()
        assert (told.name, told.data["repair_id"], told.id) == ("repair", new, "1")

        await service.views.note(new)
        assert (await client.next()).data["has_note"] is True
        await service.views.triage(old)
        left = await client.next()
        assert (left.name, left.data) == ("left", {"repair_id": old})


async def test_a_owners_list_tells_nothing_of_others(service: QueryService) -> None:
    mine, other = new_id("owner"), new_id("owner")
    async with service.live(f"/repairs/events?owner_id={mine}") as client:
        await client.next()
        await service.views.open(owner_id=other)
        await service.views.open(owner_id=mine)

        told = await client.next()
        while told.name == "repairs" and not told.data["items"]:
            told = await client.next()

        rows = told.data["items"] if told.name == "repairs" else [told.data]
        assert [row["owner_id"] for row in rows] == [mine]


async def test_the_dashboard_is_shown_as_it_is_and_then_as_it_changes(service: QueryService) -> None:
    async with service.live("/repairs/counts/events") as client:
        assert (await client.next()).data["by_status"]["open"] == 0
        for number in (1, 2):
            await service.views.open()
            told = await client.next()
            assert (told.name, told.data["by_status"]["open"]) == ("counts", number)
        assert told.data == (await service.get("/repairs/counts")).json()


async def test_a_history_is_told_entry_by_entry_and_goes_on_after_the_last_one_seen(service: QueryService) -> None:
    repair = await service.views.open()
    await service.views.note(repair)
    async with service.live(f"/repairs/{repair}/history/events") as client:
        entries = [await client.next(), await client.next()]
        await service.views.triage(repair)
        entries.append(await client.next())
        assert [(entry.id, entry.data["type"]) for entry in entries] == [
            ("1", "repair.opened"),
            ("2", "repair.note_added"),
            ("3", "repair.status_changed"),
        ]
    async with service.live(f"/repairs/{repair}/history/events", {"Last-Event-ID": "2"}) as client:
        assert (await client.next()).id == "3"


async def test_the_first_state_is_that_of_the_causal_token(service: QueryService) -> None:
    repair = await service.views.open()
    log, _, position = service.views.tokens[repair].partition(":")
    async with service.live(f"/repairs/{repair}/events", {"Causal-Token": f"{log}:{int(position) + 1}"}) as client:
        await eventually(lambda: _waits(service), pause=0)
        await service.views.note(repair)

        assert (await client.next()).data["version"] == 2


async def test_a_subscription_of_an_unknown_repair_leaves_nothing_behind(service: QueryService) -> None:
    assert (await service.get(f"/repairs/{new_id('repair')}/events")).status_code == 404
    assert not service.app.state.queries.live._subscriptions


async def test_a_stop_ends_every_stream(service: QueryService) -> None:
    repair = await service.views.open()
    for path in ("/repairs/events", "/repairs/counts/events", f"/repairs/{repair}/events"):
        async with service.live(path) as client:
            await client.next()
            service.app.state.stop()

            await client.ended()


async def test_an_idle_stream_sends_heartbeats(service: QueryService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.01)
    async with service.live("/repairs/events") as client:
        await client.next()

        assert (await asyncio.wait_for(client._parts.get(), 10)).startswith(b":")


class _WatchedStore(InMemoryViewStore):
    """A store whose watch of documents opens late, and which can go away; and which `fails` to read documents once."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = False
        self.watches = 0
        self.opens = asyncio.Event()
        self.breaks = asyncio.Event()

    async def documents(self, view: str, ids: Sequence[str]) -> list[Document]:
        if self.fails:
            self.fails = False
            raise ValueError("nobody thought of that")
        return await super().documents(view, ids)

    async def watch_documents(self, views: Sequence[str]) -> AsyncIterator[DocumentChange]:
        await self.opens.wait()
        watch = super().watch_documents(views)
        self.watches += 1
        while True:
            change, broken = asyncio.ensure_future(anext(watch)), asyncio.ensure_future(self.breaks.wait())
            try:
                await asyncio.wait([change, broken], return_when=asyncio.FIRST_COMPLETED)
                if self.breaks.is_set():
                    self.breaks.clear()
                    raise Unavailable("the watch is gone")
                yield change.result()
            finally:
                for future in (change, broken):
                    future.cancel()


@pytest.fixture
async def watched() -> AsyncIterator[tuple[_WatchedStore, QueryService]]:
    store = _WatchedStore()
    views = RepairViews(store)
    await views.prepare()
    async with running(store, InMemoryViewCache(), views, 10) as service:
        yield store, service


async def test_a_change_before_the_watch_has_opened_is_not_missed(watched: tuple[_WatchedStore, QueryService]) -> None:
    _, service = watched
    repair = await service.views.open()
    async with service.live(f"/repairs/{repair}/events") as client:
        await client.next()
        await service.views.note(repair)

        assert (await client.next()).data["version"] == 2


@asynccontextmanager
async def second_version(store: _WatchedStore, service: QueryService) -> AsyncIterator[tuple[str, LiveClient]]:
    """A repair, and who follows it through a watch that has shown its second version."""
    store.opens.set()
    repair = await service.views.open()
    async with service.live(f"/repairs/{repair}/events") as client:
        await client.next()
        await service.views.note(repair)
        await client.next()
        await eventually(lambda: _true(service.app.state.queries.live._complete), pause=0)
        yield repair, client


async def test_a_change_while_the_watch_is_away_is_not_missed(watched: tuple[_WatchedStore, QueryService]) -> None:
    store, service = watched
    async with second_version(store, service) as (repair, client):
        store.opens.clear()
        store.breaks.set()
        await service.views.note(repair)
        await service.views.note(repair)

        told = await client.next()
        while told.data["version"] < 4:
            told = await client.next()


async def test_a_change_that_could_not_be_read_for_whatever_reason_is_told(
    watched: tuple[_WatchedStore, QueryService],
) -> None:
    store, service = watched
    async with second_version(store, service) as (repair, client):
        for version in (3, 4):
            store.fails = version == 3
            await service.views.note(repair)
            assert (await client.next()).data["version"] == version
        assert not store.fails


async def test_many_subscribers_share_one_watch_and_leave_nothing_behind(
    watched: tuple[_WatchedStore, QueryService],
) -> None:
    store, service = watched
    store.opens.set()
    repair = await service.views.open()
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(service.live(f"/repairs/{repair}/events")) for _ in range(50)]
        for client in clients:
            await client.next()
        await service.views.note(repair)

        assert {(await client.next()).data["version"] for client in clients} == {2}
        assert store.watches == 1

    assert not service.app.state.queries.live._subscriptions
    assert not service.app.state.queries.live._tasks


def test_a_slow_subscriber_holds_each_document_once() -> None:
    subscription = Subscription(("repair_list",), None)
    for version in range(10):
        subscription.tell("repair-1", {"version": version}, frozenset({f"field{version % 2}"}))

    assert subscription.take() == (False, {"repair-1": ({"version": 9}, frozenset({"field0", "field1"}))})


def test_a_subscriber_that_is_far_too_slow_is_told_to_read_all_anew() -> None:
    subscription = Subscription(("repair_list",), None)
    for number in range(MOST_PENDING + 5):
        subscription.tell(f"repair-{number}", {}, NEW)
        assert len(subscription.changed) <= MOST_PENDING

    assert subscription.take() == (True, {})
    assert subscription.take() == (False, {})


async def _true(condition: bool) -> bool:
    return condition


async def _waits(service: QueryService) -> bool:
    return any(queue.heap for queue in service.app.state.queries.waits._queues.values())
