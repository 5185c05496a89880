"""`twinpath log`: follow new events, show the newest, read a range of a log or of a stream."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from heapq import merge
from operator import attrgetter
from typing import Annotated

import typer

from twinpath.cli.connection import Connection, ask, errors
from twinpath.cli.showing_events import Shown
from twinpath.domain.events import RecordedEvent
from twinpath.errors import NotFound, Unavailable
from twinpath.ids import is_log, log_of

PAGE = 500
_LOOK_SECONDS = 0.3
_RETRY_SECONDS = 1.0

Logs = Annotated[list[str] | None, typer.Argument(help="logs (order.3) or categories (order); all where none is named")]
Newest = Annotated[int, typer.Option("-n", min=0, max=10_000, help="so many of the newest events")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object a line, as it is stored")]
Open = Annotated[bool, typer.Option("--open", help="show also personal data, as long as their key exists")]

app = typer.Typer(no_args_is_help=True, help="Follow new events, show the newest, read a range.")


@app.command()
def tail(logs: Logs = None, n: Newest = 10, as_json: AsJson = False, opened: Open = False) -> None:
    """The newest events, oldest first, and then every new one as it comes, until Ctrl-C."""
    shown = Shown(as_json)

    async def work(connection: Connection) -> int:
        positions = await _heads(connection, logs)
        await _show(connection, shown, await _newest(connection, positions, n), opened)
        while True:
            try:
                await _show_new(connection, positions, shown, opened)
                await asyncio.sleep(_LOOK_SECONDS)
            except Unavailable as error:
                errors.print(f"{error.detail}; trying again", style="dim", markup=False, soft_wrap=True)
                await asyncio.sleep(_RETRY_SECONDS)

    ask(work)


@app.command()
def head(logs: Logs = None, n: Newest = 10, as_json: AsJson = False, opened: Open = False) -> None:
    """The newest events, newest first."""

    async def work(connection: Connection) -> int:
        newest = await _newest(connection, await _heads(connection, logs), n)
        await _show(connection, Shown(as_json), newest[::-1], opened)
        return 0

    ask(work)


@app.command()
def read(
    name: Annotated[str, typer.Argument(help="a log (order.3) or a stream (order-0198…)")],
    first: Annotated[int, typer.Option("--from", min=1, help="position in a log, version in a stream")] = 1,
    last: Annotated[int | None, typer.Option("--to", min=1, help="the last one; the end where it is not given")] = None,
    as_json: AsJson = False,
    opened: Open = False,
) -> None:
    """A range of one log by position, or of one stream by version."""

    async def work(connection: Connection) -> int:
        shown, after = Shown(as_json), first - 1
        page = await _pages(connection, name)
        while (limit := PAGE if last is None else min(PAGE, last - after)) > 0:
            if not (events := await page(after, limit)):
                break
            await _show(connection, shown, events, opened)
            after += len(events)
        return 0

    ask(work)


async def _pages(connection: Connection, name: str) -> Callable[[int, int], Awaitable[list[RecordedEvent]]]:
    """What reads on in a log or a stream: (after, most) -> events. Raises NotFound."""
    if is_log(name):
        await _heads(connection, [name])
        return partial(connection.log.read_log, name)
    pages = partial(connection.log.read_stream, log_of(name, connection.partitions), name)
    if not await pages(0, 1):
        raise NotFound(f"there is no stream {name}")
    return pages


async def _heads(connection: Connection, wanted: Sequence[str] | None) -> dict[str, int]:
    """The heads of the logs that are asked for. Raises NotFound."""
    heads = await connection.log.heads()
    if not wanted:
        return heads
    chosen = {log: head for log, head in heads.items() if log in wanted or log.partition(".")[0] in wanted}
    for name in wanted:
        if not any(name in (log, log.partition(".")[0]) for log in chosen):
            raise NotFound(f"there is no log or category {name}; the logs are {', '.join(heads)}")
    return chosen


async def _newest(connection: Connection, heads: Mapping[str, int], n: int) -> list[RecordedEvent]:
    """The newest n of these logs, oldest first; each log's own order is kept, whatever its writers' clocks say."""
    if n == 0:
        return []
    of_logs = await asyncio.gather(*(connection.log.read_log(log, max(0, head - n), n) for log, head in heads.items()))
    return list(merge(*of_logs, key=attrgetter("at")))[-n:]


async def _show_new(connection: Connection, positions: dict[str, int], shown: Shown, opened: bool) -> None:
    """Show what came after the positions, and move them."""
    heads = await connection.log.heads()
    moved = [log for log, position in positions.items() if heads[log] > position]
    while moved:
        of_logs = [await connection.log.read_log(log, positions[log], PAGE) for log in moved]
        await _show(connection, shown, list(merge(*of_logs, key=attrgetter("at"))), opened)
        positions |= {log: events[-1].position for log, events in zip(moved, of_logs, strict=True) if events}
        moved = [log for log, events in zip(moved, of_logs, strict=True) if len(events) == PAGE]


async def _show(connection: Connection, shown: Shown, events: Sequence[RecordedEvent], opened: bool) -> None:
    for event in await connection.seals.open(events) if opened else events:
        shown.event(event)
