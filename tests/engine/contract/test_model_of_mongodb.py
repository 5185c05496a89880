"""The MongoDB of the model checks answers as the real one does."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pymongo.errors import BulkWriteError

from tests.engine.model.appends import KEYS
from tests.engine.model.history import History
from tests.engine.model.mongodb import ReplicaSet
from twinpath.commands.relaying.progress import LeaseLost, RelayProgress
from twinpath.ids import uuid7
from twinpath.log.commits import (
    UNIQUE_KEYS,
    Commits,
    commits_of,
    find_commits,
    find_holders,
    head_of,
    version_of,
    without_claim,
)
from twinpath.mongo_client import mongo_client

LOG, STREAMS, IDS = "repair.0", ("repair-a", "repair-b"), tuple("abcdef")

Asked = list[list[dict[str, Any]]]
Ask = Callable[[Any], Awaitable[list[Any]]]

commits = st.builds(
    lambda name, stream, version, position, count, claims: {
        "_id": name,
        "log": LOG,
        "stream": stream,
        "version": version,
        "position": position,
        "count": count,
        "fingerprint": "f",
        **({"claims": claims} if claims else {}),
    },
    st.sampled_from(IDS),
    st.sampled_from(STREAMS),
    st.integers(1, 4),
    st.integers(1, 6),
    st.integers(1, 2),
    st.lists(st.sampled_from("kl"), max_size=2, unique=True),
)
releases = st.lists(st.tuples(st.sampled_from(STREAMS), st.integers(1, 4), st.sampled_from("kl")), max_size=3)
batches = st.lists(st.lists(commits, min_size=1, max_size=4), min_size=1, max_size=6)
steps = st.lists(
    st.tuples(st.sampled_from(("acquire", "renew", "release", "claim", "advance")), st.integers(0, 1)), max_size=12
)
few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


async def inserted(kept: Commits, asked: Asked, released: Sequence[tuple[str, int, str]]) -> list[Any]:
    """What each insert said, and what the reads of the append say afterwards."""
    said: list[Any] = []
    for batch in asked:
        for stream, version, key in released:
            await kept.bulk_write([without_claim(LOG, stream, version, key)])
        try:
            await kept.insert_many([RawBSONDocument(bson.encode(one)) for one in batch])
            said.append("all")
        except BulkWriteError as error:
            failed = [
                (one["index"], one["code"], list(one["keyPattern"]), one["keyValue"].get("claims"))
                for one in error.details["writeErrors"]
            ]
            said.append((failed, error.details["writeConcernErrors"]))
        said.append((await head_of(kept, LOG), [await version_of(kept, LOG, stream) for stream in STREAMS]))
        said.append(await find_commits(kept, list(IDS)))
        held = await find_holders(kept, ["k", "l"])
        said.append({key: (commit["_id"], sorted(commit["claims"])) for key, commit in held.items()})
        beyond = await kept.find({"log": LOG, "position": {"$gt": 2}}).sort("position", 1).limit(2).to_list()
        said.append([one["_id"] for one in beyond])
    return said


async def led(replicas: Sequence[RelayProgress], asked: Sequence[tuple[str, int]]) -> list[Any]:
    """What two replicas hear that want to lead the relay."""
    said: list[Any] = []
    epochs = [0, 0]
    for what, number in asked:
        await asyncio.sleep(0.002)  # a lease that is given back is over in the next millisecond
        replica, epoch = replicas[number], epochs[number]
        try:
            match what:
                case "acquire":
                    epochs[number] = await replica.acquire() or epoch
                    said.append(epochs[number])
                case "claim":
                    said.append(await replica.claim(["repair.0", "repair.1"], epoch))
                case "advance":
                    await replica.advance({"repair.0": len(said), "repair.1": 1}, epoch)
                case "renew":
                    await replica.renew(epoch)
                case "release":
                    await replica.release(epoch)
        except LeaseLost:
            said.append("lost")
    return said


def on_the_model(ask: Ask) -> list[Any]:
    """What is said by the model, one thing after the other."""
    history, said = History(b""), []
    servers = ReplicaSet(history.network, KEYS)
    history.steps.insert(0, servers.steps)

    async def client() -> None:
        said.append(await ask(servers))

    history.loop.spawn(history.loop.process("client"), client())
    history.run(lambda: bool(said), lambda: None)
    return said[0]


def on_mongodb(url: str, database: str, ask: Ask) -> list[Any]:
    """What is said by the real one, in a database of its own."""

    async def client() -> list[Any]:
        async with mongo_client(url, "test") as opened:
            await commits_of(opened, database).create_indexes(UNIQUE_KEYS)
            return await ask(opened)

    return asyncio.run(client())


def _commit(name: str, version: int, claims: list[str]) -> dict[str, Any]:
    about = {"_id": name, "log": LOG, "stream": "repair-a", "version": version, "position": version}
    return {**about, "count": 1, "fingerprint": "f", "claims": claims}


@few
@given(asked=batches, released=releases)
@example([[_commit("a", 1, ["l"]), _commit("b", 2, ["k"]), _commit("c", 3, ["l", "k"])]], [])
def test_inserts_meet_the_same_keys_and_reads_find_the_same(
    mongodb_url: str, unique: str, asked: Asked, released: list[tuple[str, int, str]]
) -> None:
    database = f"{unique}-{uuid7()}"

    async def ask(client: Any) -> list[Any]:
        return await inserted(commits_of(client, database), asked, released)

    assert on_the_model(ask) == on_mongodb(mongodb_url, database, ask)


@few
@given(asked=steps)
def test_lease_and_watermarks_change_hands_in_the_same_way(
    mongodb_url: str, unique: str, asked: list[tuple[str, int]]
) -> None:
    database = f"{unique}-{uuid7()}"

    async def ask(client: Any) -> list[Any]:
        return await led([RelayProgress(client, database, holder, 3600) for holder in "ab"], asked)

    assert on_the_model(ask) == on_mongodb(mongodb_url, database, ask)
