"""Measures a log that several replicas write at once, as a check of the simulation of several writers."""

import asyncio
import random
from time import perf_counter
from typing import Literal

import uvloop

from bench.long_log import write_tickets
from bench.model.one_log import share_within
from shared.events import CATALOGUE
from shared.events.ticket import TicketOpened
from twinpath.clock import utc_now
from twinpath.domain.events import Metadata
from twinpath.ids import new_id, uuid7
from twinpath.log.interface import AppendObserver, NewCommit
from twinpath.log.mongodb import MongoEventStore
from twinpath.mongo_client import mongo_client

RATE = 300
"""Appends a second, all to one log."""
WRITERS = (1, 2, 4, 8)
_SECONDS = 3.0


class _Races(AppendObserver):
    """Counts inserts and lost races."""

    def __init__(self) -> None:
        self.lost, self.inserts = 0, 0

    def inserted(self, commits: int, seconds: float) -> None:
        """See AppendObserver.inserted."""
        self.inserts += 1

    def lost_race(self, over: Literal["position", "version", "claim"]) -> None:
        """See AppendObserver.lost_race."""
        self.lost += 1


def measured(mongodb: str) -> list[tuple[int, float, float, float]]:
    """For every number of WRITERS: it, p50 and p99 of an append in ms, lost races for every insert that succeeds."""
    return [uvloop.run(_measured(mongodb, writers)) for writers in WRITERS]


async def _measured(mongodb: str, writers: int) -> tuple[int, float, float, float]:
    database, races, chance = f"writers_{uuid7()}", _Races(), random.Random(1)
    opened = CATALOGUE.encode(TicketOpened(subject="Parcel", message="x" * 100, opened_at=utc_now()))
    metadata = Metadata(utc_now(), "bench", "bench")
    waits: list[float] = []

    async def append(store: MongoEventStore, due: float) -> None:
        await store.append(NewCommit(new_id("ticket"), [opened], 0, uuid7(), metadata))
        waits.append(1000 * (perf_counter() - due))

    async with mongo_client(mongodb, "bench") as client, asyncio.TaskGroup() as appends:
        await write_tickets(client, database, 0, 1)
        stores = [MongoEventStore(client, database, CATALOGUE.categories, 1, observer=races) for _ in range(writers)]
        due = perf_counter()
        ends = due + _SECONDS
        while (due := due + chance.expovariate(RATE)) < ends:
            await asyncio.sleep(max(0.0, due - perf_counter()))
            appends.create_task(append(chance.choice(stores), due))
    waits.sort()
    return writers, share_within(waits, 0.5), share_within(waits, 0.99), races.lost / max(1, races.inserts - races.lost)
