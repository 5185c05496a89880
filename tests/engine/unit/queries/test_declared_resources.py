"""What is made of declared views and resources: filters, sorting, live lists, sub-lists, joins, dashboards."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.engine.support.declared_workshop import (
    NOON,
    OWNERS,
    REPAIRS,
    Repair,
    RepairRow,
    Workshop,
    declared_workshop,
    ids,
)
from tests.support.live_client import listening
from twinpath.domain.views import Change, Put, View
from twinpath.ids import new_id
from twinpath.queries.endpoints.models import PageOf


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    async with declared_workshop() as workshop:
        yield workshop


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
