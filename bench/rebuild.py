"""Every ticket view built anew from a long log, against reading that log and inserting the same documents, bare."""

import asyncio
import os
import resource
import statistics
import time
from collections.abc import Sequence

import uvloop
from pymongo import ASCENDING, AsyncMongoClient, WriteConcern

from bench.long_log import write_tickets
from bench.measuring import ROUNDS, mongodb_alone, report
from deploy.cli.connection import Connection, connected
from deploy.cli.filling import building_of, filled
from deploy.cli.settings import Settings
from projector_service.building import begin
from projector_service.projection import Projection
from projector_service.projections import all_projections
from shared.event_store.commits import Document
from shared.events.catalogue import CATALOGUE
from shared.ids import logs_of
from shared.mongo_client import mongo_client
from shared.view_store.mongo_generations import MongoGenerations

EVENTS = int(os.environ.get("TWINPATH_BENCH_EVENTS", "1000000"))
VIEWS = ("ticket_list", "ticket_details", "ticket_dashboard", "history")
_BATCH = 1_000
_ROUNDS = int(os.environ.get("TWINPATH_BENCH_ROUNDS", ROUNDS))


async def measure(settings: Settings) -> None:
    """Print a line a round and the medians."""
    async with mongo_client(settings.mongodb_url, "bench") as client:
        began = time.perf_counter()
        await write_tickets(client, settings.log_database, EVENTS)
        print(f"a log of {EVENTS:,} events, made in {time.perf_counter() - began:.0f} s", flush=True)
    projections = [projection for projection in all_projections() if projection.name in VIEWS]
    ratios = []
    async with connected(settings) as connection:
        store = MongoGenerations(connection.client, settings.views_database)
        logs = logs_of(CATALOGUE.categories, connection.partitions)
        for projection in projections:  # something must be in service, by another version so that the goal is the end
            checkpoints = [(projection.name, log) for log in logs if projection.follows(log)]
            await store.prepare(projection.views, checkpoints, {projection.name: 0})
        for round_ in range(1, _ROUNDS + 1):
            ours = await _ours(connection, store, projections)
            read, inserted = await _read(connection), await _inserted(connection.client, settings, projections)
            for projection in projections:
                plan, _ = await begin(projection, logs, store)
                await store.discard(plan)
            ratios.append((read + inserted) / ours)
            print(
                f"round {round_}: rebuilt in {ours:.1f} s ({EVENTS / ours:,.0f} events/s, {len(VIEWS)} views); "
                f"bare: read {read:.1f} s, inserted {inserted:.1f} s",
                flush=True,
            )
    report("(read the log + insert the views) / rebuild", ratios, ">= 0.4", statistics.median(ratios) >= 0.4)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"the largest of the processes that filled had {memory:,.0f} MB (goal: at most 600 MB)")


async def _ours(connection: Connection, store: MongoGenerations, projections: Sequence[Projection]) -> float:
    logs = logs_of(CATALOGUE.categories, connection.partitions)
    began = time.perf_counter()
    buildings = []
    for projection in projections:
        plan, _ = await begin(projection, logs, store)
        buildings.append(building_of(connection, store, projection, plan))
    await filled(buildings, connection.settings, os.cpu_count() or 1, lambda done, total: None)
    return time.perf_counter() - began


async def _read(connection: Connection) -> float:
    commits = connection.client[connection.settings.log_database]["commits"]
    began = time.perf_counter()
    for log in logs_of(("ticket",), connection.partitions):
        async for _ in commits.find({"log": log}, sort=[("position", ASCENDING)], batch_size=_BATCH):
            pass
    return time.perf_counter() - began


async def _inserted(client: AsyncMongoClient[Document], settings: Settings, projections: Sequence[Projection]) -> float:
    """Seconds to insert what was built into plain collections, four batches at once."""
    database = client.get_database(settings.views_database, write_concern=WriteConcern("majority", j=True))
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


def main() -> None:
    """Start a private MongoDB, measure, stop it."""
    with mongodb_alone() as url:
        uvloop.run(measure(Settings(mongodb_url=url, log_database="bench_log", views_database="bench_views")))
