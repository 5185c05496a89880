"""Group commit against insert_one of the same documents by the same driver, 64 callers in flight, in one run."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient, WriteConcern

from deploy.local.install import find_or_install
from deploy.local.mongodb import Mongod, MongoDB
from deploy.local.ports import hold_port
from shared.clock import utc_now
from shared.errors import ConcurrencyConflict
from shared.event_store.mongo import MongoEventStore
from shared.events.recorded import Metadata, NewEvent
from shared.ids import new_id, uuid7
from shared.mongo_client import mongo_client

ROUNDS, CALLERS = 5, 64
DATA = {"subject": "Parcel has not arrived", "message": "x" * 100, "customer_id": None, "order_id": None}


async def rate(count: int, callers: int, work: Callable[[int], Awaitable[None]]) -> float:
    """Calls a second."""
    numbers = iter(range(count))

    async def call() -> None:
        for number in numbers:
            await work(number)

    began = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(callers)))
    return count / (time.perf_counter() - began)


async def measure(client: AsyncMongoClient[dict[str, Any]]) -> None:
    """Print a line a round and the medians."""
    store = MongoEventStore(client, "bench", ("ticket",), 4)
    await store.prepare()
    plain = client["bench"].get_collection("plain", write_concern=WriteConcern("majority", j=True))
    events = [NewEvent("ticket.opened", 1, DATA)]

    async def append(number: int, expected: int = 0) -> None:
        with suppress(ConcurrencyConflict):
            await store.append(new_id("ticket"), events, expected, uuid7(), Metadata(utc_now(), "a", "c"))

    async def append_some_stale(number: int) -> None:
        await append(number, 3 if number % 20 == 0 else 0)

    async def insert_one(number: int) -> None:
        event = {"type": "ticket.opened", "schema": 1, "data": DATA}
        names = {"stream": new_id("ticket"), "log": "ticket.0", "actor": "a", "correlation_id": "c", "fingerprint": ""}
        await plain.insert_one({"_id": uuid7(), **names, "version": 1, "events": [event], "at": utc_now(), "count": 1})

    ratios: list[tuple[float, float, float]] = []
    for round_ in range(1, ROUNDS + 1):
        ours, bare = await rate(20_000, CALLERS, append), await rate(4_000, CALLERS, insert_one)
        stale = await rate(20_000, CALLERS, append_some_stale)
        alone, bare_alone = await rate(800, 1, append), await rate(800, 1, insert_one)
        ratios.append((ours / bare, stale / ours, bare_alone / alone))
        print(f"round {round_}: append {ours:,.0f}/s, insert_one {bare:,.0f}/s, 5 % stale {stale:,.0f}/s")
    names = ("append / insert_one", "5 % stale / append", "time alone / insert_one")
    for name, goal, values in zip(names, (">= 5", ">= 0.8", "<= 1.2"), zip(*ratios, strict=True), strict=True):
        print(f"{name:26} {statistics.median(values):.2f}  ({min(values):.2f} to {max(values):.2f}, goal {goal})")


def main() -> None:
    """Start a private MongoDB, measure, stop it."""
    with tempfile.TemporaryDirectory() as folder:
        mongodb = MongoDB([Mongod(find_or_install().mongod, Path(folder), hold_port())])
        try:
            mongodb.start()
            asyncio.run(_run(mongodb.url))
        finally:
            mongodb.close()


async def _run(url: str) -> None:
    async with mongo_client(url, "bench") as client:
        await measure(client)
