"""Fills views' generations from the log with several processes, each with logs of its own, and watches their progress.

The processes share nothing but the database: how far each is, its checkpoints say, so that any of them may be killed.
"""

import asyncio
from collections.abc import Sequence

from twinpath.cli.application import find_application
from twinpath.cli.connection import Connection, connected
from twinpath.cli.progress import Reached
from twinpath.cli.rebuilding.processes import done_side_by_side, shares_of
from twinpath.cli.settings import Settings
from twinpath.domain.projection import Projection
from twinpath.projecting.groups import view_projections
from twinpath.projecting.rebuilding.building import Building
from twinpath.projecting.rebuilding.filling import Filling
from twinpath.views.generations import Plan
from twinpath.views.mongodb.generations import MongoGenerations

_LOOK_SECONDS = 0.5


async def filled(buildings: Sequence[Building], settings: Settings, processes: int, reached: Reached) -> None:
    """Return when all are near the log's end. Raises Unavailable, FillingEnded."""
    filling = Filling(buildings)
    done, total = await filling.progress()
    shares = shares_of(filling.logs, total - done, processes)
    if len(shares) == 1:
        await _watched(filling, asyncio.create_task(filling.fill()), reached)
        return
    plans = [building.plan for building in buildings]
    work = done_side_by_side(_fill, [(settings, plans, share) for share in shares])
    await _watched(filling, asyncio.create_task(work), reached)


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


async def _fill(settings: Settings, plans: Sequence[Plan], logs: Sequence[str]) -> None:
    """Fill these logs, in a process of its own."""
    async with connected(settings, find_application()) as connection:
        store = MongoGenerations(connection.client, settings.views_database, locale=settings.locale)
        await store.checkpoints()
        projections = {projection.name: projection for projection in view_projections(connection.application)}
        buildings = [building_of(connection, store, projections[plan.projection], plan) for plan in plans]
        await Filling(buildings).fill(logs)
