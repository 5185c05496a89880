"""Fills views' generations from the log with several processes, each with logs of its own, and watches their progress.

The processes share nothing but the database: how far each is, its checkpoints say, so that any of them may be killed.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Sequence
from multiprocessing.process import BaseProcess

from twinpath.cli.application import find_application
from twinpath.cli.connection import Connection, connected
from twinpath.cli.progress import Reached
from twinpath.cli.settings import Settings
from twinpath.domain.projection import Projection
from twinpath.errors import TwinpathError
from twinpath.observability.logs import configure_logs
from twinpath.projecting.groups import view_projections
from twinpath.projecting.rebuilding.building import Building
from twinpath.projecting.rebuilding.filling import Filling
from twinpath.running.garbage import collect_seldom
from twinpath.views.generations import Plan
from twinpath.views.mongodb.generations import MongoGenerations

_LOOK_SECONDS = 0.5
_WORTH_A_PROCESS = 20_000
"""Events; with fewer, starting a process takes longer than it saves."""


class FillingEnded(TwinpathError):
    """A process that filled is gone."""

    code = "filling_ended"


async def filled(buildings: Sequence[Building], settings: Settings, processes: int, reached: Reached) -> None:
    """Return when all are near the log's end. Raises Unavailable, FillingEnded."""
    filling = Filling(buildings)
    done, total = await filling.progress()
    useful = min(processes, len(filling.logs), (total - done) // _WORTH_A_PROCESS)
    if useful < 2:
        await _watched(filling, asyncio.create_task(filling.fill()), reached)
        return
    spawn = multiprocessing.get_context("spawn")
    shares = [filling.logs[n::useful] for n in range(useful)]
    plans = [building.plan for building in buildings]
    workers = [spawn.Process(target=_work, args=(settings, plans, share), daemon=True) for share in shares]
    for worker in workers:
        worker.start()
    try:
        await _watched(filling, asyncio.create_task(_ended(workers)), reached)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
    if any(worker.exitcode for worker in workers):
        raise FillingEnded("a process that filled has ended too early; the same command goes on from there")


async def _ended(workers: Sequence[BaseProcess]) -> None:
    """All of them have ended well, or one has not."""
    await asyncio.gather(*(asyncio.to_thread(worker.join) for worker in workers))


async def _watched(filling: Filling, work: "asyncio.Task[None]", reached: Reached) -> None:
    try:
        while not work.done():
            reached(*await filling.progress())
            await asyncio.wait([work], timeout=_LOOK_SECONDS)
        await work
        reached(*await filling.progress())
    finally:
        work.cancel()


def building_of(connection: Connection, store: MongoGenerations, projection: Projection, plan: Plan) -> Building:
    """A building on the servers of a connection."""
    return Building(projection, plan, connection.log, store, connection.seals, connection.events)


def _work(settings: Settings, plans: Sequence[Plan], logs: Sequence[str]) -> None:
    """One process: fill these logs, and end with the one that started it, however that one ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that started it, which then ends this one
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    configure_logs("cli", "warning")
    collect_seldom()

    async def fill() -> None:
        async with connected(settings, find_application()) as connection:
            store = MongoGenerations(connection.client, settings.views_database, locale=settings.locale)
            await store.checkpoints()
            projections = {projection.name: projection for projection in view_projections(connection.application)}
            buildings = [building_of(connection, store, projections[plan.projection], plan) for plan in plans]
            await Filling(buildings).fill(logs)

    asyncio.run(fill())


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
