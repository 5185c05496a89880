"""What every event store promises of claims: one holder a key, taken and moved with a commit, released at any time."""

import asyncio
import json
import sys
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import AutoReconnect

from tests.support.appending import CATEGORIES, metadata, note, whole_log
from twinpath.errors import ClaimHeld, CommandIdReused, ConcurrencyConflict, OutcomeUnknown
from twinpath.ids import new_id, uuid7
from twinpath.log import group_commit
from twinpath.log.commits import Commits, commits_of
from twinpath.log.interface import Appended, Commit, EventStore, NewCommit
from twinpath.log.mongodb import MongoEventStore


@pytest.fixture
def store(event_store: EventStore) -> EventStore:
    return event_store


async def take(
    store: EventStore, *keys: str, stream: str | None = None, expected: int = 0, command_id: str | None = None
) -> Appended:
    """Append one event whose commit takes the keys."""
    return await store.append(
        NewCommit(stream or new_id("repair"), [note()], expected, command_id or uuid7(), metadata(), "f", keys)
    )


async def test_a_key_has_one_holder_and_the_refusal_names_its_stream(store: EventStore) -> None:
    holder = await take(store, "a", "b")

    with pytest.raises(ClaimHeld) as refused:
        await take(store, "c", "b")

    assert (refused.value.key, refused.value.stream) == ("b", holder.stream)
    assert len(await whole_log(store)) == 1
    await take(store, "c")


async def test_of_fifty_takers_one_wins_and_those_beside_them_are_not_harmed(store: EventStore) -> None:
    calls = [take(store, "a") for _ in range(50)]
    beside = [take(store, f"{number}") for number in range(20)] + [take(store) for _ in range(20)]

    answers = await asyncio.gather(*calls[:25], *beside, *calls[25:], return_exceptions=True)

    assert sum(isinstance(answer, ClaimHeld) for answer in answers) == 49
    assert sum(isinstance(answer, Appended) for answer in answers) == 41
    assert len(await whole_log(store)) == 41


async def test_a_released_key_can_be_taken_and_its_commit_keeps_the_others(store: EventStore) -> None:
    stream = (await take(store, "a", "b")).stream
    await take(store, stream=stream, expected=1)

    await store.release(stream, 2, ["a"])

    await take(store, "a")
    with pytest.raises(ClaimHeld):
        await take(store, "b")


async def test_many_commits_can_lose_their_last_key(store: EventStore) -> None:
    holders = [await take(store, f"{number}") for number in range(3)]

    for number, holder in enumerate(holders):
        await store.release(holder.stream, 1, [f"{number}"])

    for number in range(3):
        await take(store, f"{number}")


@pytest.mark.parametrize("key", ["$a", "a.b", "$$REMOVE", '["slot","a"]'])
async def test_a_key_may_look_like_anything(store: EventStore, key: str) -> None:
    stream = (await take(store, key)).stream
    with pytest.raises(ClaimHeld):
        await take(store, key)

    await store.release(stream, 1, [key])

    await take(store, key)


async def test_a_late_release_leaves_what_was_taken_again_alone(store: EventStore) -> None:
    stream = (await take(store, "a")).stream
    await take(store, stream=stream, expected=1)
    await store.release(stream, 2, ["a"])
    await take(store, "a", stream=stream, expected=2)

    await store.release(stream, 2, ["a"])

    with pytest.raises(ClaimHeld):
        await take(store, "a")


async def test_nobody_releases_what_another_stream_holds(store: EventStore) -> None:
    await take(store, "a")

    await store.release(new_id("repair"), 100, ["a", "unknown"])

    with pytest.raises(ClaimHeld):
        await take(store, "a")


async def test_a_stream_that_moves_takes_and_leaves_in_one_commit(store: EventStore) -> None:
    stream = (await take(store, "a")).stream
    await take(store, "b", stream=stream, expected=1)

    with pytest.raises(ClaimHeld):
        await take(store, "b")
    await store.release(stream, 2, ["a"])
    await take(store, "a")


async def test_a_streams_own_leftover_is_in_its_way_too(store: EventStore) -> None:
    stream = (await take(store, "a")).stream
    await take(store, stream=stream, expected=1)

    with pytest.raises(ClaimHeld) as refused:
        await take(store, "a", stream=stream, expected=2)

    assert refused.value.stream == stream


async def test_a_stale_version_is_told_before_a_taken_claim(store: EventStore) -> None:
    stream = (await take(store, "a")).stream
    await take(store, "b")

    with pytest.raises(ConcurrencyConflict):
        await take(store, "b", stream=stream, expected=0)


async def test_the_same_command_again_gets_the_first_answer_whoever_holds_its_claim_now(store: EventStore) -> None:
    command = uuid7()
    first = await take(store, "a", command_id=command)

    again = await take(store, "a", command_id=command)
    await store.release(first.stream, 1, ["a"])
    await take(store, "a")
    late = await take(store, "a", command_id=command)

    assert [(answer.stream, answer.duplicate) for answer in (again, late)] == [(first.stream, True)] * 2
    with pytest.raises(CommandIdReused):
        await store.append(NewCommit(new_id("repair"), [note()], 0, command, metadata(), "another", ["a"]))
    assert len(await whole_log(store)) == 2


async def test_the_same_command_fifty_times_at_once_is_never_refused(store: EventStore) -> None:
    command = uuid7()

    answers = await asyncio.gather(*(take(store, "a", command_id=command) for _ in range(50)))

    assert len({answer.stream for answer in answers}) == 1


async def test_another_stores_repetition_is_not_refused_either(mongodb_url: str, unique: str) -> None:
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(mongodb_url) as client:
        stores = [MongoEventStore(client, unique, CATEGORIES, 4) for _ in range(5)]
        await stores[0].prepare()
        command = uuid7()

        answers = await asyncio.gather(*(take(store, "a", command_id=command) for store in stores * 4))

        assert len({answer.stream for answer in answers}) == 1


async def test_a_first_try_that_comes_about_between_two_looks_is_known_by_its_claim(
    mongodb_url: str, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def before_it_came_about(commits: Commits, command_ids: list[str]) -> dict[str, Commit]:
        return {}

    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(mongodb_url) as client:
        stores = [MongoEventStore(client, unique, CATEGORIES, 4) for _ in range(2)]
        await stores[0].prepare()
        command = uuid7()
        first = await take(stores[0], "a", command_id=command)
        monkeypatch.setattr(group_commit, "find_commits", before_it_came_about)

        again = await take(stores[1], "a", command_id=command)

        assert (again.stream, again.duplicate) == (first.stream, True)


async def test_a_refusal_is_not_certain_while_an_insert_may_be_under_way(
    mongodb_url: str, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may find the claim free when its holder has given it up."""
    whole = AsyncCollection.insert_many
    lost: list[Any] = []

    async def lost_once(*args: Any, **named: Any) -> Any:
        if not lost:
            lost.append(args)
            raise AutoReconnect("the connection broke")
        return await whole(*args, **named)

    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(mongodb_url) as client:
        store = MongoEventStore(client, unique, CATEGORIES, 4)
        await store.prepare()
        await take(store, "a")
        monkeypatch.setattr(AsyncCollection, "insert_many", lost_once)

        with pytest.raises(OutcomeUnknown):
            await take(store, "a")


async def test_a_commit_without_claims_has_no_field_and_no_entry(mongodb_url: str, unique: str) -> None:
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(mongodb_url) as client:
        store = MongoEventStore(client, unique, CATEGORIES, 4)
        await store.prepare()
        held = await take(store, "a")
        await asyncio.gather(*(take(store) for _ in range(20)))
        await store.release(held.stream, 1, ["a"])

        assert await client[unique]["commits"].count_documents({"claims": {"$exists": True}}) == 0
        plan = await commits_of(client, unique).find({"claims": {"$in": ["a", "b"]}}).explain()
        assert "claims_1" in json.dumps(plan["queryPlanner"]["winningPlan"])
        assert "COLLSCAN" not in json.dumps(plan["queryPlanner"]["winningPlan"])


async def test_two_processes_that_race_for_the_same_keys_have_each_of_them_once(mongodb_url: str, unique: str) -> None:
    module = [sys.executable, "-m", "tests.support.services.claiming_process", mongodb_url, unique, "200"]

    takers = [await asyncio.create_subprocess_exec(*module, stdout=asyncio.subprocess.PIPE) for _ in range(2)]
    outputs = [(await taker.communicate())[0] for taker in takers]

    won = [set(json.loads(output)) for output in outputs]
    assert not won[0] & won[1]
    assert won[0] | won[1] == {f"{number}" for number in range(200)}
