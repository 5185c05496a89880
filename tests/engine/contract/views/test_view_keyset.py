"""Keyset pages of every view store: exact to the last number, whole under changes, and cheap in MongoDB."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandListener, CommandStartedEvent

from tests.support.changes import VIEW
from tests.support.things import Store, put
from twinpath.domain.views import NEWEST_FIRST, Document, Order, Place, Put, Range, Remove, View, ViewChange
from twinpath.queries.reading.cursor import Cursors
from twinpath.views.interface import Batch
from twinpath.views.mongodb.stores import MongoViewWriter

NAME_ORDER, PRICE_ORDER = "name_order", "price_order"
PARTS = View(
    "parts",
    filters=("category",),
    sorts={"name": NAME_ORDER, "price": PRICE_ORDER},
    collated=(NAME_ORDER,),
    indexes=((NAME_ORDER,), (PRICE_ORDER,), ("category", NAME_ORDER), ("category", PRICE_ORDER)),
)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MOST = 50
"""No list here has more."""
WORDS = ("", "Zebra", "apple", "apple pie", "straße", "zebra", "é", "\uff41", "\U0001f600")
"""As code points sort them; the last two would change places if UTF-16 were compared."""


async def in_pages(
    store: Store,
    order: Order,
    limit: int,
    where: Mapping[str, Any] | None = None,
    ranges: Mapping[str, Range] | None = None,
    between: Callable[[], list[ViewChange]] = list,
) -> list[str]:
    """The ids of a whole list, read page by page with cursors; `between` gives what is committed after the first."""
    seen: list[str] = []
    after: Place | None = None
    cursors = Cursors()
    while page := await store.page(VIEW, where or {}, after, limit, order, ranges or {}):
        assert len(page) <= limit
        seen += [document["_id"] for document in page]
        assert len(seen) <= MOST, "the pages go round in circles"
        after = cursors.decode(cursors.encode(order.place_of(page[-1]), {}), {})
        await store.commit(Batch(between()))
        between = list
    return seen


@pytest.fixture
async def forty(store: Store) -> tuple[Store, list[Document]]:
    """Things with many ties: seven numbers, nine words, three colors, five times, of which some are null or missing;
    ids are in no order of these."""
    things: list[Document] = [
        {
            "_id": f"{n * 23 % 40:02}",
            "n": n % 7 - 3,
            "word": WORDS[n % 9],
            "color": ("red", "green", "blue")[n % 3],
            "at": NOON + timedelta(milliseconds=n % 5),
        }
        | ({} if n % 6 == 0 else {"done_at": None if n % 3 == 0 else NOON - timedelta(days=n % 4)})
        for n in range(40)
    ]
    await store.commit(
        Batch([Put(VIEW, str(one["_id"]), {k: v for k, v in one.items() if k != "_id"}) for one in things])
    )
    return store, things


def _sorts_as(thing: Document, field: str | None) -> tuple[Any, ...]:
    """Null and missing come first."""
    value = thing.get(field or "")
    return (False, thing["_id"]) if value is None else (True, value, thing["_id"])


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("field", [None, "n", "word", "at", "done_at"])
async def test_every_list_is_read_once_and_in_order_whatever_the_size_of_its_pages(
    forty: tuple[Store, list[Document]], field: str | None, descending: bool
) -> None:
    store, things = forty
    for where, ranges in (
        ({}, {}),
        ({"color": "red"}, {}),
        ({"color": "red"}, {"n": (-1, 2)}),
        ({}, {"n": (0, None)}),
        ({}, {"n": (5, None)}),
    ):
        least, most = ranges.get("n", (None, None))
        taken = [
            one
            for one in things
            if one["color"] == where.get("color", one["color"])
            and (least is None or one["n"] >= least)
            and (most is None or one["n"] <= most)
        ]
        taken.sort(key=lambda one: _sorts_as(one, field), reverse=descending)
        for limit in (1, 6, 100):
            read = await in_pages(store, Order(field, descending), limit, where, ranges)
            assert read == [one["_id"] for one in taken], (where, ranges, limit)


@pytest.mark.parametrize(
    ("bounds", "ids"),
    [
        ((None, None), "abcd"),
        ((2, 2), "b"),
        ((2, 3), "bc"),
        ((None, 2), "ab"),
        ((3, None), "cd"),
        ((2.5, 3.5), "c"),
        ((3, 2), ""),
        ((4, None), "d"),
        ((2**53 + 2, None), ""),
        ((None, 2**53), "abc"),
    ],
)
async def test_the_bounds_of_a_range_belong_to_it_and_are_exact(store: Store, bounds: Range, ids: str) -> None:
    await store.commit(Batch([put("a", n=1), put("b", n=2), put("c", n=3), put("d", n=2**53 + 1)]))

    assert await in_pages(store, Order("n"), 2, ranges={"n": bounds}) == list(ids)


async def test_numbers_that_a_float_can_not_tell_apart_are_ordered(store: Store) -> None:
    big = 10**18
    await store.commit(Batch([put("a", n=big + 2), put("b", n=big), put("c", n=big + 1)]))

    assert await in_pages(store, Order("n"), 1) == ["b", "c", "a"]


@pytest.mark.parametrize("bounds", [(0, None), (None, 9), (0, 9)])
async def test_what_has_no_number_lies_in_no_range(store: Store, bounds: Range) -> None:
    await store.commit(Batch([put("a", n=1), put("b", n=None), put("c", n="5"), put("d", other=1)]))

    assert await in_pages(store, NEWEST_FIRST, 9, ranges={"n": bounds}) == ["a"]


async def test_several_ranges_all_hold(store: Store) -> None:
    await store.commit(Batch([put(f"{x}{y}", x=x, y=y) for x in range(3) for y in range(3)]))

    assert await in_pages(store, Order("y"), 2, ranges={"x": (1, None), "y": (None, 1)}) == ["10", "20", "11", "21"]


@pytest.mark.parametrize("descending", [False, True])
async def test_documents_of_one_value_follow_each_other_by_id(store: Store, descending: bool) -> None:
    ids = [f"{n:02}" for n in range(10)]
    await store.commit(Batch([put(one, n=5) for one in ids]))

    assert await in_pages(store, Order("n", descending), 3) == (ids[::-1] if descending else ids)


@pytest.mark.parametrize("descending", [False, True])
async def test_a_value_that_changes_between_pages_moves_no_other_document(store: Store, descending: bool) -> None:
    """`p2` is the last of the first page, where the second goes on: it leaves that place, as others do."""
    step = -1 if descending else 1
    await store.commit(Batch([put(f"p{n}", n=10 * n * step) for n in range(8)]))

    def changes() -> list[ViewChange]:
        return [
            put("p0", n=55 * step),  # from what was read already into what was not
            put("p2", n=-99 * step),
            put("p6", n=5 * step),  # from what was not read yet into what was
            Remove(VIEW, "p4"),
            put("new", n=35 * step),
        ]

    read = await in_pages(store, Order("n", descending), 3, between=changes)

    assert read == ["p0", "p1", "p2", "p3", "new", "p5", "p0", "p7"]


@pytest.mark.parametrize("gone", [False, True])
async def test_a_page_goes_on_at_its_place_among_ties_though_nothing_stands_there_any_more(
    store: Store, gone: bool
) -> None:
    await store.commit(Batch([put(name, n=1) for name in "abcd"]))

    read = await in_pages(store, Order("n"), 2, between=lambda: [Remove(VIEW, "b") if gone else put("b", n=0)])

    assert read == ["a", "b", "c", "d"]


async def test_no_document_at_all_is_an_empty_page(store: Store) -> None:
    for order in (Order("n"), Order("n", descending=True)):
        assert await store.page(VIEW, {}, None, 5, order) == []
        assert await store.page(VIEW, {}, (3, "c"), 5, order) == []
        assert await store.page(VIEW, {}, None, 0, order) == []


class Finds(CommandListener):
    """Keeps the last `find` as the driver sent it."""

    def __init__(self) -> None:
        self.last: dict[str, Any] = {}

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name == "find":
            sent = ("find", "filter", "sort", "limit", "collation")
            self.last = {name: event.command[name] for name in sent if name in event.command}

    def succeeded(self, event: object) -> None: ...

    def failed(self, event: object) -> None: ...


PRODUCTS, PAGE = 600, 20


@pytest.fixture
async def catalogue(mongodb_url: str, unique: str) -> AsyncIterator[tuple[MongoViewWriter, Callable[[], Any]]]:
    """A catalogue in which two of three products cost the same; and what explains the last page that was read."""
    finds = Finds()
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(mongodb_url, event_listeners=[finds]) as client:
        store = MongoViewWriter(client, unique)
        await store.prepare([PARTS], [])
        products = {
            f"{n:04}": {
                NAME_ORDER: f"{n * 7919 % PRODUCTS:04}",
                PRICE_ORDER: 500 if n % 3 else n,
                "category": "cables" if n % 6 else "lamps",
            }
            for n in range(PRODUCTS)
        }
        await store.commit(Batch([Put(PARTS.name, one, fields) for one, fields in products.items()]))

        async def explain() -> Any:
            return await client[unique].command({"explain": finds.last, "verbosity": "executionStats"})

        yield store, explain


def stages(plan: Any) -> set[str]:
    """The kinds of all stages of a plan."""
    inner = [plan[name] for name in ("queryPlan", "inputStage") if name in plan] + plan.get("inputStages", [])
    return {plan["stage"]} if not inner else {plan.get("stage", "")}.union(*map(stages, inner))


@pytest.mark.parametrize("start", [0, PRODUCTS // 3, PRODUCTS // 2, PRODUCTS * 3 // 4], ids="at {}".format)
@pytest.mark.parametrize("category", [None, "cables"])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("field", "ranges"), [(NAME_ORDER, {}), (PRICE_ORDER, {}), (PRICE_ORDER, {PRICE_ORDER: (100, 550)})]
)
async def test_mongodb_reads_a_page_from_an_index_and_sorts_nothing(
    catalogue: tuple[MongoViewWriter, Callable[[], Any]],
    field: str,
    ranges: Mapping[str, Range],
    descending: bool,
    category: str | None,
    start: int,
) -> None:
    """Wherever the page begins, also among hundreds of ties, no more is read than a few more keys than it has."""
    store, explain = catalogue
    where = {} if category is None else {"category": category}
    order = Order(field, descending, field in PARTS.collated)
    listed = await store.page(PARTS.name, where, None, PRODUCTS, order)
    after = order.place_of(listed[start - 1]) if start else None

    page = await store.page(PARTS.name, where, after, PAGE, order, ranges)

    least, most = ranges.get(PRICE_ORDER, (0, PRODUCTS))
    assert least is not None
    assert most is not None
    assert page == [one for one in listed[start:] if least <= one[PRICE_ORDER] <= most][:PAGE]
    explained = await explain()
    kinds = stages(explained["queryPlanner"]["winningPlan"])
    assert "IXSCAN" in kinds
    assert not kinds & {"SORT", "COLLSCAN"}
    assert explained["executionStats"]["totalKeysExamined"] <= 2 * PAGE
