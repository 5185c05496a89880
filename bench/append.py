"""Group commit against insert_one of the same documents by the same driver, 64 callers in flight, in one run."""

import statistics
from contextlib import suppress

import uvloop
from pymongo import WriteConcern

from bench.measuring import CALLERS, ROUNDS, mongodb_alone, rate, report
from shared.clock import utc_now
from shared.errors import ConcurrencyConflict
from shared.event_store.mongo import MongoEventStore
from shared.events.recorded import Metadata, NewEvent
from shared.ids import new_id, uuid7
from shared.mongo_client import mongo_client

DATA = {"subject": "Parcel has not arrived", "message": "x" * 100, "customer_id": None, "order_id": None}


async def measure(url: str) -> None:
    """Print a line a round and the medians."""
    async with mongo_client(url, "bench") as client:
        store = MongoEventStore(client, "bench", ("ticket",), 4)
        await store.prepare()
        plain = client["bench"].get_collection("plain", write_concern=WriteConcern("majority", j=True))
        events = [NewEvent("ticket.opened", 1, DATA)]
        event = {"type": "ticket.opened", "schema": 1, "data": DATA}

        async def append(number: int, expected: int = 0) -> None:
            with suppress(ConcurrencyConflict):
                await store.append(new_id("ticket"), events, expected, uuid7(), Metadata(utc_now(), "a", "c"))

        async def append_some_stale(number: int) -> None:
            await append(number, 3 if number % 20 == 0 else 0)

        async def insert_one(number: int) -> None:
            names = {"stream": new_id("ticket"), "log": "ticket.0", "actor": "a", "correlation_id": "c", "version": 1}
            document = {"_id": uuid7(), **names, "fingerprint": "", "events": [event], "at": utc_now(), "count": 1}
            await plain.insert_one(document)

        ratios: list[tuple[float, float, float]] = []
        for round_ in range(1, ROUNDS + 1):
            ours, bare = await rate(20_000, CALLERS, append), await rate(5_000, CALLERS, insert_one)
            stale = await rate(20_000, CALLERS, append_some_stale)
            alone, bare_alone = await rate(800, 1, append), await rate(800, 1, insert_one)
            ratios.append((ours / bare, stale / ours, bare_alone / alone))
            print(f"round {round_}: append {ours:,.0f}/s, insert_one {bare:,.0f}/s, 5 % stale {stale:,.0f}/s")
    appends, stales, times = (list(column) for column in zip(*ratios, strict=True))
    report("append / insert_one, 64 callers", appends, ">= 5", statistics.median(appends) >= 5)
    report("append with 5 % stale versions / append", stales, ">= 0.8", statistics.median(stales) >= 0.8)
    report("time of an append alone / of insert_one alone", times, "<= 1.2", statistics.median(times) <= 1.2)


def main() -> None:
    """Start a private MongoDB, measure, stop it."""
    with mongodb_alone() as url:
        uvloop.run(measure(url))
