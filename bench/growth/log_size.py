"""Appends, and reads as the relay and the projector make them, on logs of 0 to 1,000,000 events."""

import random
from collections.abc import Callable, Sequence

from pymongo import AsyncMongoClient

from bench.figures import at_most
from bench.growth.interleaved import Work, medians
from bench.log.append import EVENTS
from bench.log.long_log import write_tickets
from bench.measuring import filling, on_mongodb
from bench.run import Run
from bench.sizes import Sizes
from twinpath.clock import utc_now
from twinpath.domain.events import Metadata
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


def _sizes(sizes: Sizes) -> list[int]:
    return [0, sizes.events // 100, sizes.events // 10, sizes.events]


def _appending(store: MongoEventStore) -> Work:
    return lambda _: store.append(
        NewCommit(new_id("ticket"), EVENTS, 0, uuid7(), Metadata(utc_now(), "bench", "bench"))
    )


def _reading(store: MongoEventStore, heads: dict[str, int], after: Callable[[int], int]) -> Work:
    """Reads in one log after the other; `after` is where, given the head."""
    logs = list(heads.items())

    def read(turn: int) -> object:
        log, head = logs[turn % len(logs)]
        return store.read_log(log, after(head), _READ)

    return read


def _looking(store: MongoEventStore) -> Work:
    return lambda _: store.heads()


def _at_the_end(head: int) -> int:
    return max(0, head - _READ)


def _anywhere(head: int) -> int:
    return random.randrange(max(1, head - _READ))


async def _stores(client: AsyncMongoClient[Document], databases: Sequence[str]) -> list[MongoEventStore]:
    """Stores that have appended before: the unique keys exist, and the heads are in memory."""
    stores = [MongoEventStore(client, database, ("ticket",), PARTITIONS) for database in databases]
    for store in stores:
        await store.prepare()
    await medians(_FIRST, [_appending(store) for store in stores])
    return stores


@on_mongodb
async def measure(url: str, run: Run) -> None:
    """On a private MongoDB. Every round begins with a new empty log, which the appends of the round fill."""
    sizes, quantity = run.sizes, "events in the log"
    lines = (
        "an append, one caller",
        f"the last {_READ} events of a log",
        f"{_READ} events from anywhere",
        f"the heads of {PARTITIONS} logs",
    )
    append, end, anywhere, look = (run.curve(quantity, line, _sizes(sizes), at_most(1.3), "ms") for line in lines)
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
            end.add_costs(await medians(sizes.pages, [_reading(*pair, _at_the_end) for pair in pairs]))
            anywhere.add_costs(await medians(sizes.pages, [_reading(*pair, _anywhere) for pair in pairs]))
            look.add_costs(await medians(sizes.pages, [_looking(store) for store in stores]))
            await client.drop_database(f"empty{number}")
