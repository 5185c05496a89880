"""Generations in MongoDB, where readers and writers are processes of their own: none reads or writes what is gone."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from twinpath.clock import utc_now
from twinpath.domain.views import Change, Put, View, ViewChange
from twinpath.errors import CheckpointMoved
from twinpath.views.generations import Plan
from twinpath.views.interface import Batch, CheckpointMove
from twinpath.views.mongodb import stores as mongo
from twinpath.views.mongodb.generations import MongoGenerations
from twinpath.views.mongodb.stores import MongoViewReader

LOG = "repair.0"
VIEW = View("counts")
PLAN = Plan("counts", 1, 2, 1, [LOG])


@pytest.fixture
async def client(mongodb_url: str) -> AsyncIterator[AsyncMongoClient[dict[str, Any]]]:
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(mongodb_url) as client:
        yield client


@pytest.fixture
async def store(client: AsyncMongoClient[dict[str, Any]], unique: str) -> MongoGenerations:
    """A view in its first generation, and a second one that is built."""
    store = MongoGenerations(client, unique)
    await store.prepare([VIEW], [("counts", LOG)], {"counts": 1})
    await store.commit(Batch([Put("counts", "a", {"n": 1})], [CheckpointMove("counts", LOG, 0, 1)]))
    await store.begin(View(PLAN.name), PLAN)
    await store.commit(Batch([Put(PLAN.name, "a", {"n": 1})], [CheckpointMove(PLAN.name, LOG, 0, 1)]))
    return store


async def nothing_more(positions: Mapping[str, int]) -> Sequence[ViewChange]:
    return []


async def switched(store: MongoGenerations) -> None:
    await store.switch(PLAN, {LOG: 1}, nothing_more, utc_now())
    await store.commit(Batch([Put("counts", "a", {"n": 2})], [CheckpointMove("counts", LOG, 1, 2)]))


async def counted(reader: MongoViewReader) -> int | None:
    document = await reader.get("counts", "a")
    return None if document is None else int(document["n"])


async def test_a_reader_that_watches_reads_the_new_generation(
    store: MongoGenerations, client: AsyncMongoClient[dict[str, Any]], unique: str
) -> None:
    reader = MongoViewReader(client, unique)
    async with asyncio.timeout(20), aclosing(reader.watch_checkpoints()) as watch:  # type: ignore[type-var]
        await anext(watch)
        assert await counted(reader) == 1

        await switched(store)
        while (await anext(watch)).get(("counts", LOG)) != 2:
            pass

        assert await counted(reader) == 2


async def test_a_reader_that_begins_after_the_switch_reads_the_new_generation(
    store: MongoGenerations, client: AsyncMongoClient[dict[str, Any]], unique: str
) -> None:
    await switched(store)

    assert await counted(MongoViewReader(client, unique)) == 2


async def test_a_reader_that_heard_of_nothing_does_not_take_a_dropped_generation_for_an_empty_view(
    store: MongoGenerations, client: AsyncMongoClient[dict[str, Any]], unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo, "_CERTAIN_SECONDS", 0.0)
    reader = MongoViewReader(client, unique)
    assert await counted(reader) == 1

    await switched(store)
    await store.drop("counts")

    assert await counted(reader) == 2
    assert [document["n"] for document in await reader.documents("counts", ["a"])] == [2]


async def test_a_reader_that_heard_of_nothing_does_not_show_what_a_retired_generation_still_has(
    store: MongoGenerations, client: AsyncMongoClient[dict[str, Any]], unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo, "_CERTAIN_SECONDS", 0.0)
    reader = MongoViewReader(client, unique)
    assert await counted(reader) == 1

    await switched(store)

    assert await counted(reader) == 2
    assert [document["n"] for document in await reader.page("counts", {}, None, 10)] == [2]


async def test_views_that_were_lost_and_begun_anew_are_read_from_their_first_generation(
    store: MongoGenerations, client: AsyncMongoClient[dict[str, Any]], unique: str
) -> None:
    await switched(store)
    reader = MongoViewReader(client, unique)
    assert await counted(reader) == 2

    await client.drop_database(unique)
    anew = MongoGenerations(client, unique)
    await anew.prepare([VIEW], [("counts", LOG)], {"counts": 1})
    await anew.commit(Batch([Put("counts", "a", {"n": 7})], [CheckpointMove("counts", LOG, 0, 1)]))
    await reader.checkpoints()

    assert await counted(reader) == 7


async def test_a_projector_that_heard_of_nothing_writes_nothing_until_it_looks(
    store: MongoGenerations, client: AsyncMongoClient[dict[str, Any]], unique: str
) -> None:
    other = MongoGenerations(client, unique)
    await other.prepare([VIEW], [("counts", LOG)], {"counts": 1})
    await switched(store)
    more = [Change("counts", "a", increment={"n": 1})], [CheckpointMove("counts", LOG, 2, 3)]

    with pytest.raises(CheckpointMoved):
        await other.commit(Batch(*more))
    assert (await other.checkpoints())["counts", LOG] == 2
    await other.commit(Batch(*more))

    assert await counted(other) == 3


async def test_while_live_commits_race_with_the_switch_each_counts_once(
    store: MongoGenerations, client: AsyncMongoClient[dict[str, Any]], unique: str
) -> None:
    live = MongoGenerations(client, unique)
    await live.prepare([VIEW], [("counts", LOG)], {"counts": 1})
    position, half_way = 1, asyncio.Event()

    async def project() -> None:
        nonlocal position
        while position < 60:
            move = CheckpointMove("counts", LOG, position, position + 1)
            try:
                await live.commit(Batch([Change("counts", "a", increment={"n": 1})], [move]))
                position += 1
                if position == 20:
                    half_way.set()
            except CheckpointMoved:
                position = (await live.checkpoints())["counts", LOG]

    async def catch_up(positions: Mapping[str, int]) -> Sequence[ViewChange]:
        return [Change(PLAN.name, "a", increment={"n": positions[LOG] - 1})]

    async def switch_in_the_middle() -> None:
        await half_way.wait()
        await store.switch(PLAN, {LOG: 1}, catch_up, utc_now())

    await asyncio.gather(project(), switch_in_the_middle())

    assert (await store.checkpoints())["counts", LOG] == 60
    assert store.generation("counts").number == 2
    assert await counted(store) == 60
