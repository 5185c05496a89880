"""What is made of declared views and resources: filters, sorting, live lists, sub-lists, joins, dashboards."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from tests.engine.workshop.events import OwnerRegistered, RepairOpened
from tests.support.live_client import LiveClient, listening
from twinpath.domain.application import Application
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.resource import Dashboard, Join, Listing, Reads, Resource, SubList
from twinpath.domain.views import Change, Document, Order, Put, Remove, View, ViewChange
from twinpath.ids import new_id
from twinpath.queries.app import create_app
from twinpath.queries.endpoints.models import PageOf
from twinpath.queries.reading.views import Selection
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch, CheckpointMove

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


class Repair(BaseModel):
    """A repair; the last three fields came with a later version."""

    repair_id: str
    owner_id: str
    status: Literal["open", "closed"]
    opened_at: datetime
    version: int
    urgent: bool = False
    parts: list[str] = []
    closed_at: datetime | None


class RepairRow(BaseModel):
    """A repair in a list."""

    repair_id: str
    owner_id: str
    status: str
    urgent: bool = False


class Owner(BaseModel):
    """Whose cars they are."""

    owner_id: str
    name: str
    version: int


class OwnersName(BaseModel):
    """What a repair shows of its owner."""

    owner_name: str | None


def put_owner(repair: dict[str, Any], owner: Document | None) -> None:
    repair["owner_name"] = None if owner is None else owner["name"]


async def counted(reads: Reads) -> Mapping[str, Any]:
    newest = await reads.first(REPAIRS, 2, Order("opened_at", descending=True))
    part = await reads.documents(COUNTS, [f"total/{log}" for log in await reads.logs()])
    return {
        "day": f"{reads.now:%Y-%m-%d}",
        "opened": sum(total["opened"] for total in part.values()),
        "newest": [repair["repair_id"] for repair in newest],
    }


class Counted(BaseModel):
    """How the workshop is doing."""

    day: str
    opened: int
    newest: list[str]


REPAIRS = View(
    "repairs", Repair, filters=("status", "owner_id"), sorts={"opened": "opened_at", "closed": "closed_at"}, copy=True
)
OWNERS = View("owners", Owner, copy=True)
COUNTS = View("counts", copy=True)
OWNER_OF = Join(OWNERS, "owner_id", OwnersName, put_owner)
REPAIR_LIST = Listing("repair", REPAIRS, {}, row=RepairRow, join=OWNER_OF)
APPLICATION = Application(
    Catalogue([RepairOpened, OwnerRegistered]),
    resources=[
        Resource("repair", REPAIRS, {}, allow="repairs:read", listing=REPAIR_LIST, join=OWNER_OF),
        Resource("owner", OWNERS, {}, allow="owners:read", sublists=[SubList("/repairs", REPAIR_LIST, by="owner_id")]),
        Dashboard("/repairs/counted", (COUNTS, REPAIRS), counted, Counted, {}, allow="repairs:read", summary="Counted"),
    ],
)


@dataclass
class Workshop:
    """The query service of a workshop, and what writes its views."""

    app: FastAPI
    client: httpx.AsyncClient
    store: InMemoryViewStore
    cache: InMemoryViewCache

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self.client.get(f"/api/v1{path}")
        assert answer.status_code == status, answer.text
        return answer.json()

    async def commit(self, *changes: ViewChange) -> None:
        await self.store.commit(Batch(changes))

    async def repair(self, **fields: Any) -> str:
        """A new repair's id."""
        repair = new_id("repair")
        document = {"repair_id": repair, "owner_id": new_id("owner"), "status": "open", "opened_at": NOON, "version": 1}
        await self.commit(Put(REPAIRS.name, repair, document | {"closed_at": None} | fields))
        return repair

    async def owner(self) -> str:
        """A new owner's id."""
        owner = new_id("owner")
        await self.commit(Put(OWNERS.name, owner, {"owner_id": owner, "name": "Ada", "version": 1}))
        return owner


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    store, cache = InMemoryViewStore(), InMemoryViewCache()
    await store.prepare([REPAIRS, OWNERS, COUNTS], [("counts", log) for log in ("repair.0", "repair.1")])
    app = create_app(store, cache, APPLICATION, clock=lambda: NOON)
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://q") as client:
        yield Workshop(app, client, store, cache)


def ids(page: Any) -> list[str]:
    return [item["repair_id"] for item in page["items"]]


def test_every_filter_and_sort_has_an_index_unless_others_are_given() -> None:
    assert REPAIRS.indexes == (("status",), ("owner_id",), ("opened_at",), ("closed_at",))
    assert View("v", filters=("status",), indexes=(("status", "day"),)).indexes == (("status", "day"),)


async def test_a_list_takes_its_views_filters_and_refuses_others(workshop: Workshop) -> None:
    owner = await workshop.owner()
    mine, closed = await workshop.repair(owner_id=owner), await workshop.repair(status="closed")

    assert ids(await workshop.get("/repairs?status=closed")) == [closed]
    assert ids(await workshop.get(f"/repairs?owner_id={owner}&status=open")) == [mine]
    for wrong in ("status=lost", "owner_id=7", "urgent=true", "sort=status"):
        assert (await workshop.get(f"/repairs?{wrong}", 422))["errors"][0]["field"] == wrong.partition("=")[0]


@pytest.mark.parametrize("sort", ["opened", "-opened", "closed", "-closed"])
async def test_a_list_sorted_by_a_time_is_read_once_in_pages(workshop: Workshop, sort: str) -> None:
    """Among them some whose time is null."""
    for n in range(7):
        await workshop.repair(
            opened_at=NOON + timedelta(days=n % 3), closed_at=None if n % 2 else NOON + timedelta(hours=n % 3)
        )
    whole = ids(await workshop.get(f"/repairs?sort={sort}"))

    in_pages: list[str] = []
    path: str | None = f"/repairs?sort={sort}&limit=2"
    while path is not None:
        page = await workshop.get(path)
        in_pages += ids(page)
        path = page["next"] and f"/repairs?sort={sort}&limit=2&cursor={page['next']}"

    assert in_pages == whole
    assert len(set(whole)) == 7


async def test_a_field_that_a_document_was_written_without_is_the_default_or_null(workshop: Workshop) -> None:
    repair = new_id("repair")
    old = {"repair_id": repair, "owner_id": new_id("owner"), "status": "open", "opened_at": NOON, "version": 1}
    await workshop.commit(Put(REPAIRS.name, repair, old))
    document = await workshop.store.get(REPAIRS.name, repair)
    assert document is not None

    shown = await workshop.get(f"/repairs/{repair}")
    [row] = (await workshop.get("/repairs?sort=-closed"))["items"]
    copied = REPAIRS.rendered(document)
    async with listening(workshop.app, "/repairs/events") as client:
        [told] = (await client.next()).data["items"]

    assert (shown["urgent"], shown["parts"], shown["closed_at"]) == (False, [], None)
    assert Repair.model_validate_json(copied.body).urgent is False
    assert row["urgent"] is told["urgent"] is False


class Follower:
    """Who follows the open repairs; a marker shows that nothing else was sent before it."""

    def __init__(self, workshop: Workshop, client: LiveClient) -> None:
        self._workshop = workshop
        self._client = client

    async def told(self) -> list[tuple[str, str]]:
        """What was sent until now: (event, id of the repair)."""
        marker = await self._workshop.repair()
        seen: list[tuple[str, str]] = []
        while (event := await self._client.next()).data.get("repair_id") != marker:
            if event.name == "repairs":  # the watch may have begun after the commit, so all is read anew
                marker = await self._workshop.repair()
            else:
                seen.append((event.name, event.data["repair_id"]))
        return seen


@pytest.fixture
async def follower(workshop: Workshop) -> AsyncIterator[Follower]:
    async with listening(workshop.app, "/repairs/events?status=open") as client:
        follower = Follower(workshop, client)
        await follower.told()
        yield follower


async def test_a_change_of_what_was_never_in_a_live_list_is_not_told(workshop: Workshop, follower: Follower) -> None:
    closed = await workshop.repair(status="closed")
    assert await follower.told() == []

    await workshop.commit(Change(REPAIRS.name, closed, set={"parts": ["a long note"], "version": 2}))

    assert await follower.told() == []


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        ({"status"}, True),
        ({"price"}, True),
        ({"parts", "version"}, False),
        ({"opened_at"}, False),  # sorts, and takes nothing out
        ({"_id", "status"}, False),  # was not there before
        (None, True),
    ],
)
def test_a_selection_may_have_lost_what_changed_where_it_asks(fields: set[str] | None, may: bool) -> None:
    selection = Selection(REPAIRS, {"status": "open"}, Order("opened_at"), {"price.amount": (1, None)})

    assert selection.may_have_lost(None if fields is None else frozenset(fields)) is may


async def test_what_leaves_a_live_list_or_is_gone_is_told(workshop: Workshop, follower: Follower) -> None:
    closing, gone = await workshop.repair(), await workshop.repair()
    assert await follower.told() == [("repair", closing), ("repair", gone)]

    await workshop.commit(Change(REPAIRS.name, closing, set={"status": "closed"}))
    assert await follower.told() == [("left", closing)]

    await workshop.commit(Remove(REPAIRS.name, gone))
    assert await follower.told() == [("left", gone)]


async def test_a_sublist_has_the_documents_of_its_parent_with_what_is_joined(workshop: Workshop) -> None:
    owner, other = await workshop.owner(), await workshop.owner()
    mine = [await workshop.repair(owner_id=owner), await workshop.repair(owner_id=owner, status="closed")]
    theirs = await workshop.repair(owner_id=other)

    page = await workshop.get(f"/owners/{owner}/repairs?sort=opened")
    assert sorted(ids(page)) == sorted(mine)
    assert {row["owner_name"] for row in page["items"]} == {"Ada"}
    assert ids(await workshop.get(f"/owners/{owner}/repairs?status=closed")) == [mine[1]]
    assert (await workshop.get(f"/owners/{owner}/repairs?owner_id={other}", 422))["errors"][0]["field"] == "owner_id"
    async with listening(workshop.app, f"/owners/{other}/repairs/events") as client:
        assert ids((await client.next()).data) == [theirs]


@pytest.mark.parametrize("end", ["", "?status=closed", "/events"])
async def test_a_sublist_of_nobody_is_not_found(workshop: Workshop, end: str) -> None:
    assert (await workshop.get(f"/owners/{new_id('owner')}/repairs{end}", 404))["code"] == "owner_not_found"


async def test_a_sublist_is_empty_for_a_parent_and_found_by_its_items_before_the_parent_is_visible(
    workshop: Workshop,
) -> None:
    owner, unseen = await workshop.owner(), new_id("owner")
    early = await workshop.repair(owner_id=unseen)

    assert (await workshop.get(f"/owners/{owner}/repairs"))["items"] == []
    assert ids(await workshop.get(f"/owners/{unseen}/repairs")) == [early]
    assert ids(await workshop.get(f"/owners/{unseen}/repairs?status=closed")) == []


async def test_the_etag_of_a_joined_document_names_both_versions(workshop: Workshop) -> None:
    owner = await workshop.owner()
    repair, alone = await workshop.repair(owner_id=owner), await workshop.repair()

    async def etag(one: str) -> str:
        return (await workshop.client.get(f"/api/v1/repairs/{one}")).headers["ETag"]

    assert (await etag(repair), await etag(alone)) == ('"1.1"', '"1.0"')
    await workshop.commit(Change(OWNERS.name, owner, set={"name": "Ada King", "version": 2}))
    assert await etag(repair) == '"1.2"'
    assert (await workshop.get(f"/repairs/{repair}"))["owner_name"] == "Ada King"


async def test_a_dashboard_is_computed_of_its_views_and_sent_when_it_changes(workshop: Workshop) -> None:
    repair = await workshop.repair()
    await workshop.commit(Put(COUNTS.name, "total/repair.0", {"opened": 2}))
    async with listening(workshop.app, "/repairs/counted/events") as client:
        first = await client.next()
        assert (first.name, first.data) == ("counted", {"day": "2026-03-10", "opened": 2, "newest": [repair]})
        await workshop.store.commit(
            Batch([Put(COUNTS.name, "total/repair.1", {"opened": 3})], [CheckpointMove("counts", "repair.1", 0, 1)])
        )
        assert (await client.next()).data["opened"] == 5

    assert (await workshop.get("/repairs/counted"))["opened"] == 5
    await workshop.get("/repairs/counted?day=1", 422)


async def test_the_documentation_is_made_of_the_declaration(workshop: Workshop) -> None:
    document = (await workshop.client.get("/openapi.json")).json()

    operations = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    lists = ("repairs", "owner_repairs", "repair_history", "owner_history", "history")
    alone = ("repairs_counted", "repair", "owner")
    assert operations == {
        *(f"list_{name}" for name in lists),
        *(f"get_{name}" for name in alone),
        *(f"follow_{name}" for name in (*lists, *alone)),
        *("get_liveness", "get_readiness"),
    }
    schemas = document["components"]["schemas"]
    assert schemas["RepairPage"]["properties"].keys() == PageOf[RepairRow].model_fields.keys()
    assert "owner_name" in schemas["RepairRow"]["properties"]
    assert "owner_name" in schemas["Repair"]["properties"]
