"""Group commit against insert_one of the same documents by the same driver, 64 callers in flight, and against peers."""

import asyncio
from contextlib import suppress

import uvloop

from bench.driver import motor_client
from bench.eventsourcing_tickets import tickets_on_postgresql
from bench.figures import at_least, at_most
from bench.measuring import JOURNALED, mongodb_alone, rate
from bench.run import Run
from twinpath.clock import utc_now
from twinpath.domain.events import Metadata, NewEvent
from twinpath.errors import ConcurrencyConflict
from twinpath.ids import new_id, uuid7
from twinpath.log.interface import NewCommit
from twinpath.log.mongodb import MongoEventStore
from twinpath.mongo_client import mongo_client

DATA = {"subject": "Parcel has not arrived", "message": "x" * 100, "customer_id": None, "order_id": None}


async def _measure(url: str, run: Run) -> None:
    sizes = run.sizes
    appends = run.figure("append / insert_one, 64 callers", at_least(5), "/s")
    stales = run.figure("append with 5 % stale versions / append", at_least(0.8), "/s")
    times = run.figure("time of an append alone / insert_one alone", at_most(1.2), "ms")
    peer = run.figure("append / eventsourcing on PostgreSQL, 64 callers", at_least(1), "/s")
    motor = run.figure("append / insert_one by Motor, 64 callers", at_least(1), "/s")
    async with mongo_client(url, "bench") as client, motor_client(url) as by_motor:
        store = MongoEventStore(client, "bench", ("ticket",), 4)
        await store.prepare()
        plain = client["bench"].get_collection("plain", write_concern=JOURNALED)
        plain_motor = by_motor["bench"].get_collection("plain", write_concern=JOURNALED)
        events = [NewEvent("ticket.opened", 1, DATA)]

        async def append(number: int, expected: int = 0) -> None:
            with suppress(ConcurrencyConflict):
                await store.append(
                    NewCommit(new_id("ticket"), events, expected, uuid7(), Metadata(utc_now(), "a", "c"))
                )

        async def append_some_stale(number: int) -> None:
            await append(number, 3 if number % 20 == 0 else 0)

        async def insert_one(number: int) -> None:
            await plain.insert_one(_document())

        async def insert_one_by_motor(number: int) -> None:
            await plain_motor.insert_one(_document())

        with tickets_on_postgresql(run) as tickets:
            for _ in run.rounds():
                ours = await rate(sizes.appends, sizes.callers, append)
                appends.add(ours, await rate(sizes.inserts, sizes.callers, insert_one))
                motor.add(ours, await rate(sizes.inserts, sizes.callers, insert_one_by_motor))
                stales.add(await rate(sizes.appends, sizes.callers, append_some_stale), ours)
                alone = await rate(sizes.alone, 1, append)
                times.add(1000 / alone, 1000 / await rate(sizes.alone, 1, insert_one))
                if tickets is not None:
                    peer.add(ours, await asyncio.to_thread(tickets.rate, sizes.inserts, sizes.callers))


def _document() -> dict[str, object]:
    names = {"stream": new_id("ticket"), "log": "ticket.0", "actor": "a", "correlation_id": "c", "version": 1}
    event = {"type": "ticket.opened", "schema": 1, "data": DATA}
    return {"_id": uuid7(), **names, "fingerprint": "", "events": [event], "at": utc_now(), "count": 1}


def measure(run: Run) -> None:
    """On a private MongoDB, and a private PostgreSQL for the peer."""
    with mongodb_alone() as url:
        uvloop.run(_measure(url, run))
