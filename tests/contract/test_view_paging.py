"""Pages of every view store: sorted by a field, bounded by a range, gone on with after a place."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from shared.view_store.in_memory import InMemoryViewStore
from shared.view_store.interface import Document, Order, Place, Put, View
from shared.view_store.mongo import MongoViewWriter

GOODS = View("goods", indexes=(("price",), ("category", "price"), ("name",)))
Store = InMemoryViewStore | MongoViewWriter


@pytest.fixture(params=["in_memory", "mongo"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "in_memory":
        store: Store = InMemoryViewStore()
        await fill(store)
        yield store
        return
    url, unique = request.getfixturevalue("mongodb_url"), request.getfixturevalue("unique")
    async with AsyncMongoClient[dict[str, Any]](url) as client:
        store = MongoViewWriter(client, unique)
        await fill(store)
        yield store


async def fill(store: Store) -> None:
    """Thirty goods: three categories, prices 0 to 9 three times each, so that there are ties."""
    await store.prepare([GOODS], [])
    goods = [
        Put("goods", f"g{n:02d}", {"price": n % 10, "category": "abc"[n % 3], "name": f"n{29 - n:02d}"})
        for n in range(30)
    ]
    await store.commit(goods, [])


async def every_page(store: Store, order: Order, limit: int = 4, **asked: Any) -> list[Document]:
    found: list[Document] = []
    after: Place | None = None
    while page := await store.page("goods", asked.get("where", {}), after, limit, order, asked.get("ranges", {})):
        assert len(page) <= limit
        found += page
        after = order.place_of(page[-1])
    return found


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("field", ["price", "name"])
async def test_pages_follow_the_order_with_ties_by_id(store: Store, field: str, descending: bool) -> None:
    found = await every_page(store, Order(field, descending))

    places = [(document[field], document["_id"]) for document in found]
    assert places == sorted(places, reverse=descending)
    assert len(set(places)) == 30


@pytest.mark.parametrize(
    ("bounds", "count"), [((3, 5), 9), ((None, 0), 3), ((8, None), 6), ((None, None), 30), ((6, 5), 0)]
)
async def test_a_range_holds_both_its_ends(store: Store, bounds: tuple[int | None, int | None], count: int) -> None:
    found = await every_page(store, Order("price"), ranges={"price": bounds})

    assert len(found) == count
    assert all(bounds[0] is None or document["price"] >= bounds[0] for document in found)
    assert all(bounds[1] is None or document["price"] <= bounds[1] for document in found)


async def test_filters_ranges_and_order_go_together(store: Store) -> None:
    found = await every_page(
        store, Order("price", descending=True), 2, where={"category": "a"}, ranges={"price": (2, 8)}
    )

    expected = [n for n in range(30) if n % 3 == 0 and 2 <= n % 10 <= 8]
    assert [document["_id"] for document in found] == [
        f"g{n:02d}" for n in sorted(expected, key=lambda n: (n % 10, n), reverse=True)
    ]


async def test_a_document_that_leaves_between_two_pages_loses_no_other(store: Store) -> None:
    order = Order("price")
    first = await store.page("goods", {}, None, 5, order)
    last = first[-1]
    await store.commit([Put("goods", last["_id"], {"price": 99, "category": "a", "name": "moved"})], [])

    rest = await store.page("goods", {}, order.place_of(last), 100, order)

    assert len(rest) == 26
    assert rest[-1]["_id"] == last["_id"]


async def test_mongodb_serves_it_from_an_index_without_a_sort(mongodb_url: str, unique: str) -> None:
    async with AsyncMongoClient[dict[str, Any]](mongodb_url) as client:
        store = MongoViewWriter(client, unique)
        await fill(store)
        order = Order("price", descending=True)
        place = order.place_of((await store.page("goods", {"category": "a"}, None, 3, order))[-1])
        find = {
            "find": store._collection("goods").name,
            "filter": {
                "category": "a",
                "price": {"$lte": place[0]},
                "$or": [{"price": {"$lt": place[0]}}, {"price": place[0], "_id": {"$lt": place[1]}}],
            },
            "sort": {"price": -1, "_id": -1},
            "limit": 3,
        }
        explained = await client[unique].command("explain", find)

        assert "'stage': 'IXSCAN'" in str(explained["queryPlanner"]["winningPlan"])
        assert "'stage': 'SORT'" not in str(explained["queryPlanner"]["winningPlan"])
