"""`twinpath rebuild`: a view built anew from the log while the one in service goes on, then put in its place."""

import os
from typing import Annotated

import typer

from projector_service.projections import all_projections
from shared.events import CATALOGUE
from twinpath.cli.connection import Connection, ask, errors
from twinpath.cli.differing import values
from twinpath.cli.filling import building_of, filled
from twinpath.cli.progress import bar
from twinpath.domain.projection import Projection
from twinpath.ids import logs_of
from twinpath.observability.logs import configure_logs
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.projecting.rebuilding.building import Building, begin
from twinpath.projecting.rebuilding.comparing import Comparison
from twinpath.projecting.rebuilding.switching import compare, newly_parked, switch
from twinpath.views.mongodb.generations import MongoGenerations
from twinpath.views.redis.cache import RedisViewCache, redis_client

REFUSED = 1
_COPY_SECONDS = 600.0


def rebuild(
    views: Annotated[list[str] | None, typer.Argument(help="the views, by name: see `twinpath views`")] = None,
    every: Annotated[bool, typer.Option("--all", help="every view; the log is read once for all")] = False,
    accept_differences: Annotated[
        bool, typer.Option(help="switch though what was built differs from what is in service")
    ] = False,
    afresh: Annotated[bool, typer.Option(help="throw away what an earlier rebuild has built")] = False,
    with_values: Annotated[
        bool, typer.Option("--values", help="show the values that differ, which may be personal")
    ] = False,
    processes: Annotated[int | None, typer.Option(min=1, help="that fill side by side; as many as cores")] = None,
) -> None:
    """Build views anew from the log, without downtime.

    The new generation is filled, compared with the one in service, and put in its place with one write. When both
    differ though the projection's version is the same, it is not. Ctrl-C stops it; the same command goes on from there.
    """
    known = {projection.name: projection for projection in all_projections()}
    if bool(views) == every:
        raise typer.BadParameter("name views, or say --all")
    if unknown := [name for name in views or () if name not in known]:
        raise typer.BadParameter(f"there is no view {unknown[0]}; there are: {', '.join(known)}")
    configure_logs("cli")
    chosen = [known[name] for name in dict.fromkeys(views or known)]

    async def work(connection: Connection) -> int:
        count = processes or os.cpu_count() or 1
        buildings = [await _begun(connection, projection, afresh) for projection in chosen]
        what = buildings[0].plan.name if len(buildings) == 1 else f"{len(buildings)} views"
        with bar(f"{what}: fill", "events") as told:
            await filled(buildings, connection.settings, count, told)
        return max([await _put_into_service(connection, one, accept_differences, with_values) for one in buildings])

    ask(work)


async def _begun(connection: Connection, projection: Projection, afresh: bool) -> Building:
    store = MongoGenerations(connection.client, connection.settings.views_database)
    plan, goes_on = await begin(projection, logs_of(CATALOGUE.categories, connection.partitions), store, afresh)
    building = building_of(connection, store, projection, plan)
    print(_what(building, goes_on), flush=True)
    return building


async def _put_into_service(connection: Connection, building: Building, accept: bool, with_values: bool) -> int:
    """Compare what was filled, and switch unless something speaks against it; the exit code."""
    plan = building.plan
    await _fill_copy(connection, building)
    with errors.status(f"{plan.name}: compare"):
        comparison = await compare(building)
    _show(building, comparison, with_values)
    parked = await newly_parked(building)
    if (reason := _against(building, comparison, parked)) and not accept:
        print(
            f"{plan.projection}: NOT switched, since {reason}. "
            f"When what was built is right: twinpath rebuild {plan.projection} --accept-differences",
            flush=True,
        )
        return REFUSED
    await switch(building)
    print(f"{plan.projection}: generation {plan.number} is in service; the projector drops {plan.old_name} later")
    return 0


def _what(building: Building, goes_on: bool) -> str:
    plan, before = building.plan, building.in_service
    return (
        f"{plan.projection}: {'going on with' if goes_on else 'building'} generation {plan.number} by version "
        f"{plan.version}; in service is generation {before.number} by version {before.version}"
    )


def _against(building: Building, comparison: Comparison, parked: int) -> str | None:
    """What speaks against the switch."""
    if parked:
        return f"{parked:,} more streams could not be applied and are parked: see `twinpath parked list`"
    if building.same_version and not comparison.equal:
        return f"both are of version {building.plan.version} and yet differ"
    return None


async def _fill_copy(connection: Connection, building: Building) -> None:
    """Bring the documents into Redis before the switch, so that no query has to do without; Redis may be away."""
    if not building.built.views[0].copy:
        return
    redis = redis_client(connection.settings.redis_url)
    copy = RedisViewCache(redis, connection.settings.redis_prefix)
    sync = CacheSync([building.built], connection.log, building.store, copy, CATALOGUE)
    await sync.start()
    try:
        with errors.status(f"{building.plan.name}: copy to Redis"):
            if not await sync.filled(building.plan.name, _COPY_SECONDS):
                print(f"{building.plan.name}: Redis does not have all of it; the projector brings it later", flush=True)
    finally:
        await sync.stop()
        await redis.aclose()


def _show(building: Building, found: Comparison, with_values: bool) -> None:
    unequal = [one for one in found.ranges if not one.equal]
    moment = "both at the same moment" if found.exact else "not of the same moment"
    facts = (
        f"{found.built:,} documents built, {found.in_service:,} in service",
        f"{found.same:,} the same, {found.differ:,} differ, {found.missing:,} missing, {found.extra:,} extra",
        f"of {len(found.ranges):,} checksums {len(unequal):,} differ",
    )
    print(f"{building.plan.name} against {building.plan.old_name}, {moment}: {'; '.join(facts)}", flush=True)
    for one in unequal[:10]:
        print(f"  from {one.first} to {one.last}: {one.in_service} in service, {one.built} built")
    for difference in found.sample:
        what = f"{difference.id} {difference.field}".strip()
        in_service, built = values(difference, with_values)
        print(f"  {what}: {in_service} in service, {built} built")
