"""`twinpath parked`: streams that wait because an event of theirs could not be applied; try them again, or skip."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict
from typing import Annotated

import typer

from twinpath.cli.callers.recording import user
from twinpath.cli.connection import CANNOT, Connection, ask
from twinpath.cli.output import MOST, AsJson, Output
from twinpath.cli.progress import bar
from twinpath.cli.repairing.parked_processes import repairs_of_processes
from twinpath.cli.repairing.parked_timers import ParkedTimers, show_timer
from twinpath.cli.showing_events import Shown, time_text
from twinpath.domain.projection import Projection
from twinpath.errors import NotFound
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.projecting.groups import view_projections
from twinpath.projecting.outside_events import EXCHANGE as OUTSIDE_EXCHANGE
from twinpath.projecting.outside_events import OutsideEventsProjection, publishing
from twinpath.projecting.parking.repairs import Plan, Repairs, Retried
from twinpath.views.interface import BatchWriter
from twinpath.views.mongodb.generations import MongoGenerations
from twinpath.views.parking import ParkedStream, Skipped

FAILED_AGAIN = 1
_STREAMS_SHOWN = 20
_PAGE = 500

OfProjection = Annotated[str | None, typer.Option("--projection", help="of this projection alone")]
OfStream = Annotated[str | None, typer.Option("--stream", help="this stream alone")]
ProjectionName = Annotated[str, typer.Argument(help="the projection, as `parked list` names it")]
StreamName = Annotated[str, typer.Argument(help="the stream, as in order-0198…")]

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command("list")
def list_parked(
    projection: OfProjection = None,
    skipped: Annotated[bool, typer.Option("--skipped", help="the events that were skipped instead")] = False,
    most: Annotated[int, typer.Option("-n", min=1, max=MOST, help="entries to show")] = 100,
    as_json: AsJson = False,
) -> None:
    """What is parked, by projection and stream."""

    out = Output(as_json)

    async def work(connection: Connection) -> int:
        totals = []
        left = most
        async with _opened(connection) as both:
            for repairs in both if projection is None else [await _of(both, projection)]:
                pages = repairs.parked.skipped if skipped else repairs.parked.page
                after = None
                while left > 0 and (page := await pages(projection, after, min(left, _PAGE))):
                    for entry in page:
                        _show(entry, out)
                    after, left = page[-1].id, left - len(page)
                totals.append(await repairs.parked.totals(projection))
        for timer in [] if skipped else await ParkedTimers(connection, projection, None).all(left):
            show_timer(timer, out)
        if not skipped and not as_json:
            streams, events = map(sum, zip(*totals, strict=True))
            print(f"{_streams(streams)} parked, {_events(events)}")
        return 0

    ask(work)


@app.command()
def show(
    projection: ProjectionName,
    stream: StreamName,
    most: Annotated[int, typer.Option("-n", min=0, max=MOST, help="events to show")] = 20,
    as_json: AsJson = False,
    opened: Annotated[
        bool, typer.Option("--open", help="show also personal data, as long as their key exists")
    ] = False,
) -> None:
    """One parked stream: why it waits, what today's code says of it, and the events that wait, from the log."""

    async def work(connection: Connection) -> int:
        shown = Shown(as_json)
        async with _opened(connection) as both:
            repairs = await _of(both, projection)
            parked = await repairs.stream(projection, stream)
            now = await repairs.explain(parked)
            if as_json:
                shown.json({**asdict(parked), "now": now})
            else:
                _show(parked, shown)
                print(f"  with today's code: {now or 'its method takes the event'}")
            events = await repairs.events(parked, 0, most)
            for event in await connection.seals.open(events) if opened else events:
                shown.event(event)
        return 0

    ask(work)


@app.command()
def retry(
    projection: OfProjection = None,
    stream: OfStream = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="events to try")] = 1000,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be done, and do nothing")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    as_json: AsJson = False,
) -> None:
    """Apply what waits, each stream in its order, with today's code. Ctrl-C stops it; run again, it goes on there.

    Exit code 1 when a stream parked again.
    """

    out = Output(as_json)

    async def work(connection: Connection) -> int:
        async with _opened(connection) as both:
            parked_timers = ParkedTimers(connection, projection, stream)
            timers = await parked_timers.all(limit)
            plans = await _plans(both, projection, stream, limit, bool(timers))
            for _, plan in plans:
                _show_plan(plan, out)
            for timer in timers:
                show_timer(timer, out)
            if dry_run or not (timers or any(plan.streams for _, plan in plans)):
                return 0
            if not yes and not _agreed(out):
                return CANNOT
            codes = [await _retry(repairs, projection, stream, plan.events, out) for repairs, plan in plans]
            if timers:
                again = await parked_timers.retry()
                done = len(timers) - again
                out.tell(f"{done:,} timers carried out, {again:,} parked again", timers=done, timers_failed=again)
                codes.append(FAILED_AGAIN if again else 0)
            return max(codes)

    ask(work, None if dry_run else "parked retry")


@app.command()
def skip(
    projection: ProjectionName,
    stream: StreamName,
    version: Annotated[int, typer.Argument(min=1, max=MOST, help="the version that the stream waits for")],
    why: Annotated[str, typer.Option("--reason", help="why it may be left out; it is kept")],
    by: Annotated[str | None, typer.Option(help="who says so; you, where it is not given")] = None,
    as_json: AsJson = False,
) -> None:
    """Never apply one event. What waits after it is applied by the next `parked retry`."""
    if not why.strip():
        raise typer.BadParameter("say why", param_hint="--reason")

    async def work(connection: Connection) -> int:
        async with _opened(connection) as both:
            repairs = await _of(both, projection)
            waiting = await repairs.skip(projection, stream, version, by or user(), why.strip())
        out = Output(as_json)
        facts = {"projection": projection, "stream": stream, "skipped": version}
        out.tell(f"{projection}/{stream}: version {version} is skipped", **facts, waiting=waiting)
        if waiting is not None:
            out.note(f"{_events(waiting.events)} after it still wait: twinpath parked retry --stream {stream}")
        return 0

    ask(work, "parked skip")


@asynccontextmanager
async def _opened(connection: Connection) -> AsyncIterator[Sequence[Repairs]]:
    """Repairs of what projections have parked, and of what processes have."""
    writer = MongoGenerations(connection.client, connection.settings.views_database, locale=connection.settings.locale)
    publisher = RabbitPublisher(connection.settings.rabbitmq_url, OUTSIDE_EXCHANGE)
    projections: list[tuple[Projection, BatchWriter]] = [
        *((projection, writer) for projection in view_projections(connection.application)),
        (OutsideEventsProjection(), publishing(writer, publisher)),
    ]
    by_name = {projection.name: (projection, own) for projection, own in projections}
    await writer.prepare([], [])
    try:
        views = Repairs(by_name, writer, connection.log, connection.seals, connection.events)
        yield views, repairs_of_processes(connection)
    finally:
        await publisher.close()


async def _of(both: Sequence[Repairs], follower: str) -> Repairs:
    """Where a projection or a process has parked, be it one that is gone by now. Raises NotFound."""
    for repairs in both:
        if repairs.knows(follower) or await repairs.parked.page(follower, None, 1):
            return repairs
    names = ", ".join(name for repairs in both for name in repairs.names)
    raise NotFound(f"there is no projection or process {follower}; there are: {names}", code="no_such_projection")


async def _plans(
    both: Sequence[Repairs], follower: str | None, stream: str | None, limit: int, may_be_none: bool
) -> Sequence[tuple[Repairs, Plan]]:
    """What a retry would do: where there is anything to do, else the first plan alone. Raises NotFound."""
    plans: list[tuple[Repairs, Plan]] = []
    for repairs in both if follower is None else [await _of(both, follower)]:
        try:
            plans.append((repairs, await repairs.plan(follower, stream, limit)))
        except NotFound as missing:
            failure = missing
    if not plans and not may_be_none:
        raise failure
    return [(repairs, plan) for repairs, plan in plans if plan.streams] or plans[:1]


async def _retry(repairs: Repairs, projection: str | None, stream: str | None, limit: int, out: Output) -> int:
    retried, ended = Retried(), "stopped: what is applied stays; "
    try:
        with bar("retry", "events") as progress:
            async with aclosing(repairs.retry(projection, stream, limit)) as steps:
                async for step in steps:
                    retried.add(step)
                    if step.failed and len(retried.failed) <= _STREAMS_SHOWN:
                        _show(retried.failed[-1], out)
                    progress(retried.applied + len(retried.failed), limit)
        ended = ""
    finally:
        done = f"{_events(retried.applied)} applied, {_streams(retried.freed)} free"
        counts = {"applied": retried.applied, "freed": retried.freed, "failed": len(retried.failed)}
        out.tell(f"{ended}{done}, {len(retried.failed):,} parked again", **counts, finished=not ended)
    return FAILED_AGAIN if retried.failed else 0


def _agreed(out: Output) -> bool:
    if out.as_json or not sys.stdin.isatty():
        out.note("say --yes to do it")
        return False
    return typer.confirm("Do it?")


def _show_plan(plan: Plan, out: Output) -> None:
    out.tell(
        f"{_streams(plan.total_streams)} parked with {_events(plan.total_events)}; "
        f"this tries at most {_events(plan.events)} of {_streams(len(plan.streams))}, in this order:",
        plan=plan,
    )
    if out.as_json:
        return
    for parked in plan.streams[:_STREAMS_SHOWN]:
        _show(parked, out)
    if len(plan.streams) > _STREAMS_SHOWN:
        print(f"and {_streams(len(plan.streams) - _STREAMS_SHOWN)} more")


def _show(entry: ParkedStream | Skipped, out: Output) -> None:
    place = f"{entry.projection} {entry.stream} version {entry.version} ({entry.log}:{entry.position})"
    if isinstance(entry, Skipped):
        state = (
            f"skipped {time_text(entry.skipped_at)} by {entry.skipped_by}: {entry.why}; it had failed: {entry.reason}"
        )
    else:
        since = f"{_events(entry.events)} since {time_text(entry.parked_at)}"
        tried = f"tried {entry.attempts} times, last {time_text(entry.tried_at)}: {entry.reason}"
        state = f"{since}, {tried if entry.reason else 'not tried yet'}"
    out.tell(f"{place}: {state}", **asdict(entry))


def _events(count: int) -> str:
    return f"{count:,} event{'' if count == 1 else 's'}"


def _streams(count: int) -> str:
    return f"{count:,} stream{'' if count == 1 else 's'}"
