"""What the log in MongoDB promises when processes race and servers fail."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from deploy.local.mongodb import Member, MongoDB
from tests.support.appending import CATEGORIES, append, whole_log
from tests.support.eventually import eventually
from twinpath.errors import ConcurrencyConflict, OutcomeUnknown, TwinpathError, Unavailable
from twinpath.ids import new_id, uuid7
from twinpath.log.interface import AppendObserver
from twinpath.log.layout import LayoutMismatch, fix_partitions, read_partitions
from twinpath.log.mongodb import MongoEventStore
from twinpath.mongo_client import mongo_client

FAST = "&serverSelectionTimeoutMS=500&connectTimeoutMS=500&socketTimeoutMS=2000&heartbeatFrequencyMS=500"


@asynccontextmanager
async def opened(
    url: str, database: str, patience: float = 8.0, observer: AppendObserver | None = None
) -> AsyncIterator[MongoEventStore]:
    client = mongo_client(url, "test")
    store = MongoEventStore(client, database, CATEGORIES, 4, patience, observer)
    await store.prepare()
    yield store
    await store.close()
    await client.close()


async def test_processes_that_write_the_same_logs_leave_no_gap_and_no_lost_caller(
    mongodb_url: str, unique: str
) -> None:
    stream = new_id("repair")
    module = [sys.executable, "-m", "tests.support.services.writer_process", mongodb_url, unique, stream, "120"]

    writers = [await asyncio.create_subprocess_exec(*module, stdout=asyncio.subprocess.PIPE) for _ in range(3)]
    outputs = [(await writer.communicate())[0] for writer in writers]

    assert [int(output) for output in outputs] == [120] * 3
    async with opened(mongodb_url, unique) as store:
        events = await whole_log(store)
        assert len(events) == 3 * (60 + 2 * 60)
        assert len(await store.load(stream)) == 3 * 60


async def test_another_stores_appends_are_heard_of_and_ones_own_are_not(mongodb_url: str, unique: str) -> None:
    async with opened(mongodb_url, unique) as mine, opened(mongodb_url, unique) as other:
        heard = mine.appends_of_others()
        first = asyncio.ensure_future(anext(heard))
        appended = None
        while not first.done():  # the watch opens at some moment; what was appended before is not its business
            await append(mine)
            appended = await append(other)
            await asyncio.wait([first], timeout=0.1)

        assert appended is not None
        assert (await first).startswith("repair.")
        await heard.aclose()  # type: ignore[attr-defined]


async def test_a_server_killed_in_mid_batch_makes_nobody_tell_a_lie(
    private_mongodb: Callable[..., MongoDB], unique: str
) -> None:
    mongodb = private_mongodb()
    commands = [uuid7() for _ in range(400)]
    answers: dict[str, object] = {}

    async def write(store: MongoEventStore, command: str) -> None:
        try:
            answers[command] = await append(store, None, 0, command_id=command)
        except Unavailable as error:
            answers[command] = error

    async with opened(mongodb.url + FAST, unique, patience=1.5) as store:
        await append(store)
        writing = asyncio.gather(*(write(store, command) for command in commands))
        await eventually(lambda: _true_of(answers), pause=0.001)
        await asyncio.to_thread(mongodb.kill)
        more = [uuid7() for _ in range(20)]
        await asyncio.gather(writing, *(write(store, command) for command in more))
        await asyncio.to_thread(mongodb.start)

        for command in (*commands, *more):
            commit, answer = await store.commit_of(command), answers[command]
            match answer:
                case OutcomeUnknown():
                    pass
                case Unavailable():
                    assert commit is None
                case _:
                    assert commit is not None
        for command in (*commands, *more):
            await append(store, None, 0, command_id=command)
        assert len(await whole_log(store)) == 1 + len(commands) + len(more)


async def test_an_append_outlasts_a_short_outage(private_mongodb: Callable[..., MongoDB], unique: str) -> None:
    mongodb = private_mongodb()
    async with opened(mongodb.url + FAST, unique, patience=60.0) as store:
        await append(store)
        await asyncio.to_thread(mongodb.kill)
        waiting = [asyncio.ensure_future(append(store)) for _ in range(20)]
        await asyncio.to_thread(mongodb.start)

        assert len({answer.stream for answer in await asyncio.gather(*waiting)}) == 20
        assert len(await whole_log(store)) == 21


async def test_a_head_or_version_that_is_rolled_back_leaves_no_hole(
    private_mongodb: Callable[..., MongoDB], unique: str
) -> None:
    """A commit reaches the primary alone, another store looks at the log, then the primary's write is rolled back."""
    mongodb = private_mongodb(members=3, election_timeout_ms=4_000)
    stream = new_id("repair")
    async with opened(mongodb.url + FAST, unique, 60.0) as reader, opened(mongodb.url + FAST, unique, 1.0) as writer:
        await append(reader, stream, 0, "kept")
        log = (await reader.load(stream))[0].log
        old = await asyncio.to_thread(mongodb.primary)
        others = [member for member in mongodb.members if member is not old]
        for member in others:
            await asyncio.to_thread(member.kill)
        doomed = asyncio.ensure_future(append(writer, stream, 1, "doomed"))
        await _on_disk(old, unique, 2)

        assert [event.data["note"] for event in await reader.load(stream)] == ["kept"]
        assert (await reader.heads())[log] == 1
        await _change_primary(old, others)
        with pytest.raises(TwinpathError):
            await doomed
        await append(reader, stream, 1, "after")

        events = await whole_log(reader)
        assert [event.data["note"] for event in events if event.stream == stream] == ["kept", "after"]


async def _on_disk(member: Member, database: str, commits: int) -> None:
    """Wait until this one member holds so many commits, whether a majority has them or not."""
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient("127.0.0.1", member.port, directConnection=True) as client:

        async def has_them() -> bool:
            return await client[database]["commits"].count_documents({}) >= commits

        await eventually(has_them)


async def _change_primary(old: Member, others: list[Member]) -> None:
    """Let the others, who know nothing of its last write, elect one of themselves before the old primary is back."""
    await asyncio.to_thread(old.kill)
    await asyncio.gather(*(asyncio.to_thread(member.start) for member in others))
    names = {f"127.0.0.1:{member.port}" for member in others}
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient("127.0.0.1", others[0].port, directConnection=True) as client:

        async def elected() -> bool:
            members = (await client.admin.command("replSetGetStatus"))["members"]
            return any(member["stateStr"] == "PRIMARY" and member["name"] in names for member in members)

        await eventually(elected)
    await asyncio.to_thread(old.start)


async def _true_of(thing: object) -> bool:
    return bool(thing)


async def test_the_number_of_partitions_is_fixed_by_the_first(mongodb_url: str, unique: str) -> None:
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(mongodb_url) as client:
        database: AsyncDatabase[dict[str, Any]] = client[unique]
        assert await read_partitions(database) is None
        assert await fix_partitions(database, 4) == 4
        assert await fix_partitions(database, 4) == 4

        with pytest.raises(LayoutMismatch, match="TWINPATH_PARTITIONS=4"):
            await fix_partitions(database, 8)
        assert await read_partitions(database) == 4


class _Noted(AppendObserver):
    def __init__(self) -> None:
        self.commits = 0
        self.lost: set[str] = set()

    def inserted(self, commits: int, seconds: float) -> None:
        self.commits += commits

    def lost_race(self, over: Literal["position", "version", "claim"]) -> None:
        self.lost.add(over)


async def test_an_observer_hears_of_inserts_and_of_the_races_that_were_lost(mongodb_url: str, unique: str) -> None:
    noted = _Noted()
    async with opened(mongodb_url, unique) as other, opened(mongodb_url, unique, observer=noted) as ours:
        first = await append(ours)
        assert (noted.commits, noted.lost) == (1, set())

        await append(other, first.stream, 1)
        with pytest.raises(ConcurrencyConflict):
            await append(ours, first.stream, 1)
        assert noted.lost == {"version"}

        while (await append(ours)).log != first.log:  # its place in that log was taken by the other one
            pass
        assert noted.lost == {"version", "position"}
