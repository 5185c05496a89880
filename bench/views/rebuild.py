"""A rebuild of every ticket view from a long log, against bare reads of the log and bare inserts of the documents."""

import asyncio
import os
import re
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop
from pymongo import ASCENDING, AsyncMongoClient

from bench.figures import at_least, at_most
from bench.log.long_log import ticket_projections, write_tickets
from bench.measuring import JOURNALED, filling, in_process, mongodb_alone
from bench.run import Run
from deploy.shop import SHOP
from shared.events import CATALOGUE
from twinpath.cli.connection import Connection, connected
from twinpath.cli.rebuilding.filling import building_of, filled
from twinpath.cli.settings import Settings
from twinpath.domain.projection import Projection
from twinpath.ids import logs_of
from twinpath.log.commits import Document
from twinpath.mongo_client import mongo_client
from twinpath.projecting.rebuilding.building import begin
from twinpath.views.mongodb.generations import MongoGenerations

_BATCH = 1_000


async def _measure(settings: Settings, run: Run) -> None:
    figure = run.figure("(read the log + insert the views) / rebuild", at_least(0.4), "events/s")
    memory = run.figure("memory of the largest process that rebuilds", at_most(600, "MB"), "MB")
    events = run.sizes.events
    with filling(settings.mongodb_url) as patient:
        async with mongo_client(patient, "bench") as client:
            await write_tickets(client, settings.log_database, events)
    projections = ticket_projections()
    async with connected(settings, SHOP) as connection:
        store = MongoGenerations(connection.client, settings.views_database)
        logs = logs_of(CATALOGUE.categories, connection.partitions)
        for projection in projections:  # another version must be in service, so that the rebuild has work to do
            checkpoints = [(projection.name, log) for log in logs if projection.follows(log)]
            await store.prepare(projection.views, checkpoints, {projection.name: 0})
        for _ in run.rounds():
            seconds, largest = await asyncio.to_thread(in_process, _rebuilt, settings)
            read, inserted = await _read(connection), await _inserted(connection.client, settings, projections)
            for projection in projections:
                plan, _ = await begin(projection, logs, store)
                await store.discard(plan)
            run.say(f"bare: read {read:.1f} s, inserted {inserted:.1f} s")
            figure.add(events / seconds, events / (read + inserted))
            memory.add(largest)


def _rebuilt(settings: Settings) -> tuple[float, float]:
    """Seconds to rebuild every ticket view, and the memory of the largest process in MB.

    In a process of its own its children are the rebuilding processes alone.
    """
    seconds = uvloop.run(_build(settings))
    own = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())  # getrusage would count the parent too
    assert own is not None
    return seconds, max(int(own[1]), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


async def _build(settings: Settings) -> float:
    async with connected(settings, SHOP) as connection:
        store = MongoGenerations(connection.client, settings.views_database)
        await store.checkpoints()
        logs = logs_of(CATALOGUE.categories, connection.partitions)
        began = time.perf_counter()
        buildings = []
        for projection in ticket_projections():
            plan, _ = await begin(projection, logs, store)
            buildings.append(building_of(connection, store, projection, plan))
        await filled(buildings, settings, os.cpu_count() or 1, lambda done, total: None)
        return time.perf_counter() - began


async def _read(connection: Connection) -> float:
    commits = connection.client[connection.settings.log_database]["commits"]
    began = time.perf_counter()
    for log in logs_of(("ticket",), connection.partitions):
        async for _ in commits.find({"log": log}, sort=[("position", ASCENDING)], batch_size=_BATCH):
            pass
    return time.perf_counter() - began


async def _inserted(client: AsyncMongoClient[Document], settings: Settings, projections: Sequence[Projection]) -> float:
    """Seconds to insert the documents that were built into plain collections, four batches at once."""
    database = client.get_database(settings.views_database, write_concern=JOURNALED)
    seconds = 0.0
    for projection in projections:
        plain = database["plain"]
        await plain.drop()
        for view in projection.views:
            for fields in view.indexes:
                await plain.create_index([*((field, ASCENDING) for field in fields), ("_id", ASCENDING)])
        documents: list[Document] = []
        async for document in database[f"{projection.name}@2"].find(batch_size=_BATCH):
            documents.append(document)
            if len(documents) == 100 * _BATCH:
                seconds += await _insert(plain, documents)
                documents = []
        seconds += await _insert(plain, documents)
        await plain.drop()
    return seconds


async def _insert(plain, documents: list[Document]) -> float:  # type: ignore[no-untyped-def]
    batches = iter([documents[start : start + _BATCH] for start in range(0, len(documents), _BATCH)])

    async def work() -> None:
        for batch in batches:
            await plain.insert_many(batch, ordered=False)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(4)))
    return time.perf_counter() - began


def measure(run: Run) -> None:
    """On a private MongoDB."""
    with mongodb_alone() as url:
        uvloop.run(_measure(Settings(mongodb_url=url, log_database="bench_log", views_database="bench_views"), run))
