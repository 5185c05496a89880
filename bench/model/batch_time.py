"""The time of an insert of n commits by a group commit, a + b x n, measured through the store."""

import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import uvloop

from bench.long_log import write_tickets
from shared.events import CATALOGUE
from shared.events.ticket import TicketOpened
from twinpath.clock import utc_now
from twinpath.domain.events import Metadata
from twinpath.ids import new_id, uuid7
from twinpath.log.interface import NewCommit
from twinpath.log.mongodb import MongoEventStore
from twinpath.mongo_client import mongo_client

COMMITS = (1, 10, 50, 100, 200, 300, 400, 500)
"""Commits in an insert; a group commit makes 500 at most."""
_REPEATS = 15


@dataclass(frozen=True)
class BatchTime:
    """Milliseconds of an insert of n commits: `base_ms` + `ms_per_commit` x n."""

    base_ms: float
    ms_per_commit: float

    def milliseconds(self, commits: int) -> float:
        """The time of an insert."""
        return self.base_ms + self.ms_per_commit * commits


def fitted(points: Sequence[tuple[int, float]]) -> BatchTime:
    """The line through (commits, milliseconds) with the least relative error, so that small batches count too."""
    weights = [1 / milliseconds**2 for _, milliseconds in points]
    total = sum(weights)
    mean_commits = sum(w * commits for w, (commits, _) in zip(weights, points, strict=True)) / total
    mean_ms = sum(w * ms for w, (_, ms) in zip(weights, points, strict=True)) / total
    spread = sum(w * (commits - mean_commits) ** 2 for w, (commits, _) in zip(weights, points, strict=True))
    together = sum(
        w * (commits - mean_commits) * (ms - mean_ms) for w, (commits, ms) in zip(weights, points, strict=True)
    )
    slope = together / spread
    return BatchTime(mean_ms - slope * mean_commits, slope)


def batch_times(mongodb: str) -> list[tuple[int, float]]:
    """(Commits, median milliseconds) of inserts into a log of their own with one partition."""
    return uvloop.run(_batch_times(mongodb))


async def _batch_times(mongodb: str) -> list[tuple[int, float]]:
    database = f"batches_{uuid7()}"
    async with mongo_client(mongodb, "bench") as client:
        await write_tickets(client, database, 0, 1)
        store = MongoEventStore(client, database, CATALOGUE.categories, 1)
        await _append_at_once(store, 1)
        times: dict[int, list[float]] = {commits: [] for commits in COMMITS}
        for _ in range(_REPEATS):
            for commits in COMMITS:
                times[commits].append(await _append_at_once(store, commits))
        await client.drop_database(database)
    return [(commits, statistics.median(values)) for commits, values in times.items()]


async def _append_at_once(store: MongoEventStore, commits: int) -> float:
    """Milliseconds until `commits` tickets are durable that are appended in one turn of the event loop."""
    opened = CATALOGUE.encode(TicketOpened(subject="Parcel has not arrived", message="x" * 100, opened_at=utc_now()))
    metadata = Metadata(utc_now(), "bench", "bench")
    began = perf_counter()
    await asyncio.gather(
        *(store.append(NewCommit(new_id("ticket"), [opened], 0, uuid7(), metadata)) for _ in range(commits))
    )
    return 1000 * (perf_counter() - began)
