"""Appends, and reads as the relay and the projector make them, on logs of 0 to 1,000,000 events."""

import random
from collections.abc import Sequence

import uvloop
from pymongo import AsyncMongoClient

from bench.append import DATA
from bench.figures import at_most
from bench.growth.interleaved import Work, medians
from bench.long_log import write_tickets
from bench.measuring import filling, mongodb_alone
from bench.run import Run
from bench.sizes import Sizes
from twinpath.clock import utc_now
from twinpath.domain.events import Metadata, NewEvent
from twinpath.ids import new_id, uuid7
from twinpath.log.commits import Document
from twinpath.log.interface import NewCommit
from twinpath.log.mongodb import MongoEventStore
from twinpath.mongo_client import mongo_client

PARTITIONS = 4
_READ = 100
"""Events in one read, as in a read of the relay."""
_FIRST = 64
"""Appends that are not counted: with them the store learns the heads of the logs."""
EVENTS = [NewEvent("ticket.opened", 1, DATA)]


def _sizes(sizes: Sizes) -> list[int]:
    return [0, sizes.events // 100, sizes.events // 10, sizes.events]


def _appending(store: MongoEventStore) -> Work:
    async def append(_: int) -> None:
        await store.append(NewCommit(new_id("ticket"), EVENTS, 0, uuid7(), Metadata(utc_now(), "bench", "bench")))

    return append


def _reading_the_end(store: MongoEventStore, heads: dict[str, int]) -> Work:
    logs = list(heads)

    async def read(turn: int) -> None:
        log = logs[turn % len(logs)]
        await store.read_log(log, max(0, heads[log] - _READ), _READ)

    return read


def _reading_anywhere(store: MongoEventStore, heads: dict[str, int]) -> Work:
    logs = list(heads)

    async def read(turn: int) -> None:
        log = logs[turn % len(logs)]
        await store.read_log(log, random.randrange(max(1, heads[log] - _READ)), _READ)

    return read


def _looking(store: MongoEventStore) -> Work:
    async def look(_: int) -> None:
        await store.heads()

    return look


async def _stores(client: AsyncMongoClient[Document], databases: Sequence[str]) -> list[MongoEventStore]:
    """Stores that have appended before: the unique keys exist, and the heads are in memory."""
    stores = [MongoEventStore(client, database, ("ticket",), PARTITIONS) for database in databases]
    for store in stores:
        await store.prepare()
    await medians(_FIRST, [_appending(store) for store in stores])
    return stores


async def _measure(url: str, run: Run) -> None:
    sizes, quantity = run.sizes, "events in the log"
    append = run.curve(quantity, "an append, one caller", _sizes(sizes), at_most(1.3), "ms")
    end = run.curve(quantity, f"the last {_READ} events of a log", _sizes(sizes), at_most(1.3), "ms")
    anywhere = run.curve(quantity, f"{_READ} events from anywhere", _sizes(sizes), at_most(1.3), "ms")
    look = run.curve(quantity, f"the heads of {PARTITIONS} logs", _sizes(sizes), at_most(1.3), "ms")
    filled = [f"log{size}" for size in _sizes(sizes)[1:]]
    with filling(url) as patient:
        async with mongo_client(patient, "bench") as client:
            for database, size in zip(filled, _sizes(sizes)[1:], strict=True):
                await write_tickets(client, database, size, PARTITIONS)
    async with mongo_client(url, "bench") as client:
        for number in run.rounds():
            stores = await _stores(client, [f"empty{number}", *filled])
            append.add_costs(await medians(sizes.alone, [_appending(store) for store in stores]))
            heads = [await store.heads() for store in stores]
            pairs = list(zip(stores, heads, strict=True))
            end.add_costs(await medians(sizes.pages, [_reading_the_end(*pair) for pair in pairs]))
            anywhere.add_costs(await medians(sizes.pages, [_reading_anywhere(*pair) for pair in pairs]))
            look.add_costs(await medians(sizes.pages, [_looking(store) for store in stores]))
            await client.drop_database(f"empty{number}")


def measure(run: Run) -> None:
    """On a private MongoDB. Every round begins with a new empty log, which the appends of the round fill."""
    with mongodb_alone() as url:
        uvloop.run(_measure(url, run))
