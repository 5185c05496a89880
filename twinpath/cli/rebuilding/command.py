"""`twinpath rebuild`: a view built anew from the log while the one in service goes on, then put in its place."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import typer

from twinpath.cli.connection import Connection, ask
from twinpath.cli.facts import rebuild_facts
from twinpath.cli.output import AsJson, Output, errors
from twinpath.cli.progress import bar
from twinpath.cli.rebuilding.differing import values
from twinpath.cli.rebuilding.filling import building_of, filled
from twinpath.domain.facts import Facts
from twinpath.domain.projection import Projection
from twinpath.errors import NotFound
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.projecting.copying.kinds import IN_CACHE, IN_SEARCH, Kind
from twinpath.projecting.groups import view_projections
from twinpath.projecting.rebuilding.building import Building, begin
from twinpath.projecting.rebuilding.comparing import Comparison, Difference
from twinpath.projecting.rebuilding.switching import compare, newly_parked, switch
from twinpath.searching.settings import search_index
from twinpath.views.interface import ViewCopy
from twinpath.views.mongodb.generations import MongoGenerations
from twinpath.views.redis.cache import RedisViewCache, redis_client

REFUSED = 1
_COPY_SECONDS = 600.0
_COUNTS = ("exact", "built", "in_service", "same", "differ", "missing", "extra")


def rebuild(
    views: Annotated[
        list[str] | None, typer.Argument(help="the views, by name, see `twinpath views`, or tables of facts")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="every view and table; the log is read once for all views")
    ] = False,
    accept_differences: Annotated[
        bool, typer.Option(help="switch though what was built differs from what is in service")
    ] = False,
    afresh: Annotated[bool, typer.Option(help="throw away what an earlier rebuild has built")] = False,
    with_values: Annotated[
        bool, typer.Option("--values", help="show the values that differ, which may be personal")
    ] = False,
    processes: Annotated[
        int | None, typer.Option(min=1, max=256, help="that fill side by side; as many as cores")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build views and tables of facts anew from the log, without downtime.

    A table of facts is filled beside the one in service, which it then replaces at once.

    The new generation is filled, compared with the one in service, and put in its place with one write. When both
    differ though the projection's version is the same, it is not. Ctrl-C stops it; the same command goes on from there.
    """
    if bool(views) == every:
        raise typer.BadParameter("name views, or say --all")
    wishes = _Wishes(views, accept_differences, afresh, with_values, processes or os.cpu_count() or 1)
    ask(partial(_rebuilt, wishes, Output(as_json)), "rebuild")


@dataclass(frozen=True)
class _Wishes:
    """What the command line asks for."""

    views: Sequence[str] | None
    accept_differences: bool
    afresh: bool
    with_values: bool
    processes: int


async def _rebuilt(wishes: _Wishes, out: Output, connection: Connection) -> int:
    """The exit code."""
    projections, tables = view_projections(connection.application), connection.application.facts
    candidates = tables if connection.settings.clickhouse_url or wishes.views else ()
    named = _chosen([*projections, *candidates], wishes.views)
    if facts := [declared for declared in named if isinstance(declared, Facts)]:
        await rebuild_facts(connection, facts, wishes.processes, out)
    chosen = [declared for declared in named if isinstance(declared, Projection)]
    if not chosen:
        return 0
    buildings = [await _begun(connection, projection, wishes.afresh, out) for projection in chosen]
    what = buildings[0].plan.name if len(buildings) == 1 else f"{len(buildings)} views"
    with bar(f"{what}: fill", "events") as reached:
        await filled(buildings, connection.settings, wishes.processes, reached)
    switching = _Switching(connection, wishes.accept_differences, wishes.with_values, out)
    codes = [await switching.put_into_service(new) for new in buildings]
    return max(codes)


def _chosen(declared: Sequence[Projection | Facts], names: Sequence[str] | None) -> list[Projection | Facts]:
    """Those of these names, all where none is named. Raises NotFound."""
    by_name = {whole.name: whole for whole in declared}
    if unknown := [name for name in names or () if name not in by_name]:
        raise NotFound(f"there is no view {unknown[0]}; there are: {', '.join(by_name)}")
    return [by_name[name] for name in dict.fromkeys(names or by_name)]


async def _begun(connection: Connection, projection: Projection, afresh: bool, out: Output) -> Building:
    store = MongoGenerations(connection.client, connection.settings.views_database, locale=connection.settings.locale)
    plan, goes_on = await begin(projection, connection.logs, store, afresh)
    building = building_of(connection, store, projection, plan)
    out.note(_what(building, goes_on))
    return building


@dataclass(frozen=True)
class _Switching:
    """Compares what was filled, and switches unless something speaks against it."""

    connection: Connection
    accept: bool
    with_values: bool
    out: Output

    async def put_into_service(self, building: Building) -> int:
        """The exit code."""
        plan = building.plan
        await _fill_copies(self.connection, building, self.out)
        with errors.status(f"{plan.name}: compare"):
            comparison = await compare(building)
        if not self.out.as_json:
            _show(building, comparison, self.with_values)
        against = _against(building, comparison, await newly_parked(building))
        switched = against is None or self.accept
        if switched:
            await switch(building)
            text = f"generation {plan.number} is in service; the projector drops {plan.old_name} later"
        else:
            text = f"NOT switched, since {against}. "
            text += f"When what was built is right: twinpath rebuild {plan.projection} --accept-differences"
        facts = {"view": plan.projection, "generation": plan.number, "switched": switched, "against": against}
        counts = {name: getattr(comparison, name) for name in _COUNTS}
        samples = [_sample(difference, self.with_values) for difference in comparison.sample]
        self.out.tell(f"{plan.projection}: {text}", **facts, **counts, sample=samples)
        return 0 if switched else REFUSED


def _sample(difference: Difference, with_values: bool) -> dict[str, str]:
    in_service, built = values(difference, with_values)
    return {"id": difference.id, "field": difference.field, "in_service": in_service, "built": built}


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


async def _fill_copies(connection: Connection, building: Building, out: Output) -> None:
    """Bring the documents into Redis and the search index before the switch, so that no query has to do without; either
    may be away."""
    [view] = building.built.views
    if view.copy:
        redis = redis_client(connection.settings.redis_url)
        copy = RedisViewCache(redis, connection.settings.redis_prefix)
        try:
            await _fill_copy(connection, building, copy, IN_CACHE, "Redis", out)
        finally:
            await redis.aclose()
    if view.search is not None and (index := search_index(connection.settings, [view])) is not None:
        try:
            await _fill_copy(connection, building, index, IN_SEARCH, "the search index", out)
        finally:
            await index.close()


async def _fill_copy(
    connection: Connection, building: Building, copy: ViewCopy[Any], kind: Kind, place: str, out: Output
) -> None:
    sync = CacheSync([building.built], connection.log, building.store, copy, connection.events, kind=kind)
    await sync.start()
    try:
        with errors.status(f"{building.plan.name}: copy to {place}"):
            if not await sync.filled(building.plan.name, _COPY_SECONDS):
                out.note(f"{building.plan.name}: {place} does not have all of it; the projector brings it later")
    finally:
        await sync.stop()


def _show(building: Building, comparison: Comparison, with_values: bool) -> None:
    unequal = [range_ for range_ in comparison.ranges if not range_.equal]
    moment = "both at the same moment" if comparison.exact else "not of the same moment"
    facts = (
        f"{comparison.built:,} documents built, {comparison.in_service:,} in service",
        f"{comparison.same:,} the same, {comparison.differ:,} differ, "
        f"{comparison.missing:,} missing, {comparison.extra:,} extra",
        f"of {len(comparison.ranges):,} checksums {len(unequal):,} differ",
    )
    print(f"{building.plan.name} against {building.plan.old_name}, {moment}: {'; '.join(facts)}", flush=True)
    for range_ in unequal[:10]:
        print(f"  from {range_.first} to {range_.last}: {range_.in_service} in service, {range_.built} built")
    for difference in comparison.sample:
        what = f"{difference.id} {difference.field}".strip()
        in_service, built = values(difference, with_values)
        print(f"  {what}: {in_service} in service, {built} built")
