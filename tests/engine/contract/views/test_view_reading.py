"""What every store of views promises to its readers: pages and watches, shown with each adapter."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from time import monotonic

import pytest

from tests.support.changes import VIEW
from tests.support.things import LOGS, Store, change, ids, move, put
from twinpath.clock import utc_now
from twinpath.domain.views import NEWEST_FIRST, ChangeWhere, Order, Put, Remove, ViewChange
from twinpath.queries.reading.copy_bounds import SILENT_SECONDS
from twinpath.views.interface import NEW, Batch, CheckpointMove, Checkpoints, Fields, either


@pytest.fixture
async def twenty(store: Store) -> Store:
    """Things `00` to `19`: even ones red, every fifth closed."""
    await store.commit(
        Batch(
            [
                put(f"{n:02}", color="blue" if n % 2 else "red", status="open" if n % 5 else "closed", flag=n == 7)
                for n in range(20)
            ]
        ),
    )
    return store


@pytest.mark.parametrize("descending", [False, True])
async def test_pages_follow_each_other_to_the_end(twenty: Store, descending: bool) -> None:
    seen: list[str] = []
    while page := await ids(twenty, after=seen[-1] if seen else None, limit=7, order=Order(descending=descending)):
        assert len(page) <= 7
        seen += page

    assert seen == sorted((f"{n:02}" for n in range(20)), reverse=descending)


async def test_pages_are_filtered_by_equal_fields(twenty: Store) -> None:
    assert await ids(twenty, where={"status": "closed"}) == ["00", "05", "10", "15"]
    assert await ids(twenty, where={"status": "closed", "color": "red"}) == ["00", "10"]
    assert await ids(twenty, where={"color": "red"}, after="14", limit=2) == ["16", "18"]
    assert await ids(twenty, where={"color": "red"}, after="04", limit=9, order=NEWEST_FIRST) == ["02", "00"]
    assert await ids(twenty, where={"flag": True}) == ["07"]
    assert await ids(twenty, where={"flag": {"$ne": True}}) == []
    assert await ids(twenty, limit=0) == []


async def test_a_page_is_not_moved_by_what_is_added_before_it(twenty: Store) -> None:
    first = await ids(twenty, limit=5)
    await twenty.commit(Batch([put("000", color="red"), put("021", color="red"), put("045", color="red")]))

    assert await ids(twenty, after=first[-1], limit=3) == ["045", "05", "06"]


async def test_the_watch_of_checkpoints_begins_with_all_and_goes_on_with_each_move(store: Store) -> None:
    await store.commit(Batch(moves=[move(0, 3)]))

    async with asyncio.timeout(10), aclosing(store.watch_checkpoints()) as watch:  # type: ignore[type-var]
        known: Checkpoints = dict(await anext(watch))
        assert known == {("p", LOGS[0]): 3, ("p", LOGS[1]): 0}
        for position in range(3, 8):
            await store.commit(Batch(moves=[move(position, position + 1)]))
            assert await moved(watch) == {("p", LOGS[0]): position + 1}
        await store.prepare([], [("late", LOGS[0])])
        assert await moved(watch) == {("late", LOGS[0]): 0}


async def moved(watch: AsyncIterator[Checkpoints]) -> Checkpoints:
    """What the watch tells next, but for that nothing moved."""
    while not (told := await anext(watch)):
        pass
    return told


async def test_the_watch_of_checkpoints_tells_again_and_again_that_nothing_moved(store: Store) -> None:
    async with asyncio.timeout(10), aclosing(store.watch_checkpoints()) as watch:  # type: ignore[type-var]
        assert await anext(watch)
        began = monotonic()
        for _ in range(2):
            assert await anext(watch) == {}
        assert monotonic() < began + 2 * SILENT_SECONDS, "readers take a longer silence for a watch that is away"
        await store.commit(Batch(moves=[move(0, 1)]))
        assert await moved(watch) == {("p", LOGS[0]): 1}


async def test_with_the_checkpoints_comes_where_the_last_erasure_is(store: Store) -> None:
    async with asyncio.timeout(10), aclosing(store.watch_checkpoints()) as watch:  # type: ignore[type-var]
        await anext(watch)
        assert store.erasures("p") == {}
        await store.commit(Batch(moves=[CheckpointMove("p", LOGS[0], 0, 9, erased=7)]))
        assert await moved(watch) == {("p", LOGS[0]): 9}
        assert store.erasures("p") == {LOGS[0]: 7}
        await store.commit(Batch(moves=[move(9, 10)]))
        assert await moved(watch) == {("p", LOGS[0]): 10}

    await store.checkpoints()
    assert store.erasures("p") == {LOGS[0]: 7}
    assert store.erasures("q") == {}


async def test_no_move_is_missed_between_the_first_look_and_the_watch(store: Store) -> None:
    async def consume() -> None:
        for position in range(50):
            await store.commit(Batch(moves=[move(position, position + 1)]))

    async def follow() -> None:
        known: Checkpoints = {}
        async with aclosing(store.watch_checkpoints()) as watch:  # type: ignore[type-var]
            while known.get(("p", LOGS[0])) != 50:
                known |= await anext(watch)

    async with asyncio.timeout(20):
        await asyncio.gather(consume(), *(follow() for _ in range(5)))


async def test_the_watch_of_documents_names_those_of_its_views(store: Store) -> None:
    async with asyncio.timeout(20), aclosing(store.watch_documents([VIEW])) as watch:  # type: ignore[type-var]
        first = asyncio.ensure_future(anext(watch))
        while not first.done():  # nothing tells when the watch is open
            await store.commit(Batch([put("first", at=utc_now())]))
            await asyncio.wait([first], timeout=0.05)
        seen = {(await first).id}

        await store.commit(Batch([Put("others", "x", {"n": 1}), put("put", n=1)]))
        await store.commit(Batch([change("put", set={"n": 2}), put("second", n=1)]))
        await store.commit(Batch([Remove(VIEW, "second"), put("last", n=1)]))
        while "last" not in seen:
            seen.add((await anext(watch)).id)

    assert seen - {"second"} == {"first", "put", "last"}


CHANGES: dict[str, tuple[ViewChange, Fields]] = {
    "one that is put": (put("new", n=1), NEW),
    "one that is made": (change("new", set={"n": 1}, create=True), NEW),
    "a field": (change(set={"n": 2, "word": "same"}), frozenset({"n"})),
    "the same again": (put(n=1, word="same", inner={"n": 1}, list=[1, 2]), frozenset()),
    "a number added": (change(increment={"n": 1}), frozenset({"n"})),
    "a field within": (change(set={"inner.n": 2}), frozenset({"inner"})),
    "an element": (change(append={"list": 3}), frozenset({"list"})),
    "an element in the place of another": (change(append={"list": 3}, keep=2), frozenset({"list"})),
    "no element left": (change(append={"list": 3}, keep=0), frozenset({"list"})),
    "several documents": (ChangeWhere(VIEW, {"n": 1}, {"word": "other"}), frozenset({"word"})),
    "a removal": (Remove(VIEW, "a"), None),
}


@pytest.mark.parametrize("kind", CHANGES)
async def test_the_watch_of_documents_names_the_fields_that_changed(store: Store, kind: str) -> None:
    """Not their values: a note may be long, and nobody asked for it."""
    done, fields = CHANGES[kind]
    async with asyncio.timeout(20), aclosing(store.watch_documents([VIEW])) as watch:  # type: ignore[type-var]
        await store.commit(Batch([put(n=1, word="same", inner={"n": 1}, list=[1, 2])]))
        first = asyncio.ensure_future(anext(watch))
        while not first.done():  # nothing tells when the watch is open
            await store.commit(Batch([put("open", at=utc_now())]))
            await asyncio.wait([first], timeout=0.05)

        await store.commit(Batch([done, put("end", n=1)]))
        seen = await anext(watch)
        while seen.id in ("open", "end"):
            seen = await anext(watch)

    assert seen.id == ("new" if fields == NEW else "a")
    assert (seen.fields and seen.fields - {"revision"}) == fields


def test_what_changed_twice_changed_in_the_fields_of_both() -> None:
    assert either(frozenset({"n"}), frozenset({"word"})) == frozenset({"n", "word"})
    assert either(NEW, frozenset({"n"})) == frozenset({"_id", "n"})
    assert either(None, NEW) is None


@pytest.mark.parametrize("kind", ["checkpoints", "documents"])
async def test_a_watch_that_waits_ends_at_once_when_cancelled(store: Store, kind: str) -> None:
    async def follow() -> None:
        watch = store.watch_checkpoints() if kind == "checkpoints" else store.watch_documents([VIEW])
        async for _ in watch:
            following.set()

    following = asyncio.Event()
    task = asyncio.create_task(follow())
    async with asyncio.timeout(10):
        while not following.is_set():
            await store.commit(Batch([put(at=utc_now())]))
            await asyncio.wait([task], timeout=0.05)
    task.cancel()
    async with asyncio.timeout(1):
        with pytest.raises(asyncio.CancelledError):
            await task
