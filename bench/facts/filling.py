"""A table of facts filled from a log, against bare inserts of the same rows into the same ClickHouse."""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvloop
from pymongo import AsyncMongoClient

from bench.figures import at_least
from bench.log.long_log import write_tickets
from bench.measuring import filling, in_process, mongodb_alone
from bench.run import Run
from deploy.local.clickhouse import ClickHouse
from deploy.local.install import install_clickhouse
from deploy.shop import SHOP
from projector_service.facts.ticket_steps import TicketSteps
from twinpath.cli.connection import connected
from twinpath.cli.facts import facts_rebuilt
from twinpath.cli.settings import Settings
from twinpath.facts.clickhouse.connection import Connection
from twinpath.facts.clickhouse.store import ClickHouseFacts
from twinpath.facts.interface import MOST_ROWS
from twinpath.facts.keeping import FactsMeans
from twinpath.facts.making import Making
from twinpath.facts.tables import Row, table_of
from twinpath.ids import logs_of
from twinpath.log.mongodb import MongoEventLog
from twinpath.mongo_client import mongo_client
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.running.garbage import IN_BULK, collect_seldom

_LOG, _DATABASE, _PARTITIONS = "facts_log", "bench", 4
_PATIENCE = 300.0
Client = AsyncMongoClient[dict[str, Any]]


@contextmanager
def clickhouse_alone() -> Iterator[str]:
    """The URL of a private ClickHouse, stopped at the end."""
    install_clickhouse()
    with TemporaryDirectory() as folder, ExitStack() as stack:
        server = ClickHouse(Path(folder))
        stack.callback(server.close)
        server.start()
        yield server.url


class _Filling:
    """The log of tickets and its table."""

    def __init__(self, client: Client, connection: Connection) -> None:
        self.facts = TicketSteps()
        self.table = table_of(self.facts)
        self.logs = logs_of(("ticket",), _PARTITIONS)
        self.source = MongoEventLog(client, _LOG, self.logs)
        self.store = ClickHouseFacts(connection, _DATABASE)
        self.means = FactsMeans(self.source, self.store, Seals(InMemoryKeyStore(), SHOP.events), SHOP.events)

    async def batches(self) -> list[list[Row]]:
        """The rows, ready for inserts of the usual size."""
        rows: list[Row] = []
        for log, head in (await self.source.heads()).items():
            making = Making(self.facts, self.table, self.source, self.means.seals, self.means.catalogue)
            for start in range(0, head, MOST_ROWS):
                rows += await making.rows(await self.source.read_log(log, start, min(MOST_ROWS, head - start)))
        return [rows[start : start + MOST_ROWS] for start in range(0, len(rows), MOST_ROWS)]

    async def bare(self, batches: Sequence[list[Row]], events: int) -> float:
        """Events a second."""
        await self.store.empty(self.table.beside)
        began = time.perf_counter()
        for rows in batches:
            await self.store.insert(self.table.beside, rows)
        return events / (time.perf_counter() - began)


def _ours(settings: Settings) -> tuple[float, float]:
    """Events a second, and the CPU an event, as `twinpath rebuild` does it; in a process of its own, as that is."""
    collect_seldom(IN_BULK)

    async def filled() -> tuple[float, float]:
        async with connected(settings, SHOP) as connection:
            began, before = time.perf_counter(), _cpu_seconds()
            events = await facts_rebuilt(connection, TicketSteps(), os.cpu_count() or 1, lambda done, size: None)
            return events / (time.perf_counter() - began), (_cpu_seconds() - before) / events

    return asyncio.run(filled())


def _cpu_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


async def _measure(mongodb: str, clickhouse: str, run: Run) -> None:
    figure = run.figure("facts filled from the log / bare inserts of their rows", at_least(0.5), "events/s")
    connection = Connection(clickhouse, _PATIENCE)
    async with mongo_client(mongodb, "bench") as client:
        with filling(mongodb) as patient:
            async with mongo_client(patient, "bench") as filler:
                await write_tickets(filler, _LOG, run.sizes.facts_events, _PARTITIONS)
        settings = Settings(mongodb_url=mongodb, log_database=_LOG, clickhouse_url=clickhouse, facts_database=_DATABASE)
        table = _Filling(client, connection)
        batches = await table.batches()
        collect_seldom(IN_BULK)  # as every process that fills tables does
        events = sum((await table.source.heads()).values())
        for _ in run.rounds():
            ours, spent = await asyncio.to_thread(in_process, _ours, settings)
            before = time.process_time()
            figure.add(ours, await table.bare(batches, events))
            bare = (time.process_time() - before) / events
            run.say(f"CPU of Python an event: {spent * 1e6:.1f} µs against {bare * 1e6:.1f} µs")
    await connection.close()


def measure(run: Run) -> None:
    """On a private MongoDB and a private ClickHouse."""
    with mongodb_alone() as mongodb, clickhouse_alone() as clickhouse:
        uvloop.run(_measure(mongodb, clickhouse, run))
