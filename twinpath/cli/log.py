"""`twinpath log`: follow new events, show the newest, read a range of a log or of a stream."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from heapq import merge
from operator import attrgetter
from typing import Annotated

import typer

from twinpath.cli.connection import Connection, ask
from twinpath.cli.output import MOST, AsJson, errors
from twinpath.cli.showing_events import Shown
from twinpath.domain.events import RecordedEvent
from twinpath.errors import NotFound, Unavailable
from twinpath.http.causal_token import format_token, parse_token
from twinpath.ids import is_log, log_of
from twinpath.log.reading import read_all

PAGE = 500
_LOOK_SECONDS = 0.3
_RETRY_SECONDS = 1.0

Logs = Annotated[list[str] | None, typer.Argument(help="logs (order.3) or categories (order); all where none is named")]
Newest = Annotated[int, typer.Option("-n", min=0, max=10_000, help="so many of the newest events")]
Open = Annotated[bool, typer.Option("--open", help="show also personal data, as long as their key exists")]

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command()
def tail(logs: Logs = None, n: Newest = 10, as_json: AsJson = False, opened: Open = False) -> None:
    """The newest events, oldest first, and then every new one as it comes, until Ctrl-C."""
    shown = Shown(as_json)

    async def work(connection: Connection) -> int:
        positions = await _heads(connection, logs)
        await _show(connection, shown, await _newest(connection, positions, n), opened)
        while True:
            try:
                await _show_beyond(connection, shown, positions, opened)
                await asyncio.sleep(_LOOK_SECONDS)
            except Unavailable as error:
                errors.print(f"{error.detail}; trying again", style="dim", markup=False, soft_wrap=True)
                await asyncio.sleep(_RETRY_SECONDS)

    ask(work, "log tail --open" if opened else None)


@app.command()
def head(logs: Logs = None, n: Newest = 10, as_json: AsJson = False, opened: Open = False) -> None:
    """The newest events, newest first."""

    async def work(connection: Connection) -> int:
        newest = await _newest(connection, await _heads(connection, logs), n)
        await _show(connection, Shown(as_json), newest[::-1], opened)
        return 0

    ask(work, "log head --open" if opened else None)


@app.command()
def read(
    name: Annotated[str | None, typer.Argument(help="a log (order.3) or a stream (order-0198…)")] = None,
    every: Annotated[bool, typer.Option("--all", help="all logs, what was recorded earlier first")] = False,
    first: Annotated[int, typer.Option("--from", min=1, max=MOST, help="position in a log, version in a stream")] = 1,
    last: Annotated[
        int | None, typer.Option("--to", min=1, max=MOST, help="the last one; the end where it is not given")
    ] = None,
    after: Annotated[
        str | None, typer.Option(help="with --all: what is beyond these positions, as in order.3:1042,ticket.0:7")
    ] = None,
    as_json: AsJson = False,
    opened: Open = False,
) -> None:
    """A range of one log by position, of one stream by version, or of all logs.

    Logs have no common positions: --from and --to count in each of them, and --after takes one a log. At its end --all
    names the positions to go on from.
    """
    if every == (name is not None) or (after is not None and not every):
        raise typer.BadParameter("name a log or a stream, or say --all; --after goes with --all")
    shown = Shown(as_json)

    async def work(connection: Connection) -> int:
        if every:
            positions = _beyond(after, first, connection.logs)
            if not await _show_beyond(connection, shown, positions, opened, last):
                _say_nothing_there("any log there")
            places = ",".join(format_token(*place) for place in positions.items())
            errors.print(f"to go on: --after {places}", style="dim", soft_wrap=True)
            return 0
        begin, page = first - 1, await _pages(connection, name or "")
        while (limit := PAGE if last is None else min(PAGE, last - begin)) > 0:
            if not (events := await page(begin, limit)):
                break
            await _show(connection, shown, events, opened)
            begin += len(events)
        if begin == first - 1:
            _say_nothing_there(f"{name} from {first}{'' if last is None else f' to {last}'}")
        return 0

    ask(work, "log read --open" if opened else None)


def _beyond(after: str | None, first: int, logs: Sequence[str]) -> dict[str, int]:
    """Log -> the position that its events are beyond. Raises MalformedRequest, NotFound."""
    given = {log: place for part in (after or "").split(",") if part for log, place in parse_token(part).items()}
    if unknown := [log for log in given if log not in logs]:
        raise NotFound(f"there is no log {unknown[0]}; the logs are {', '.join(logs)}")
    return {log: max(first - 1, given.get(log, 0)) for log in logs}


async def _show_beyond(
    connection: Connection, shown: Shown, positions: dict[str, int], opened: bool, last: int | None = None
) -> int:
    """Show what is beyond the positions in their logs, and move them; the number of events."""
    count, page = 0, list[RecordedEvent]()

    async def show_page() -> None:
        await _show(connection, shown, page, opened)
        positions.update({event.log: event.position for event in page})  # what was not shown comes the next time
        page.clear()

    async for event in read_all(connection.log, dict(positions), last, positions.keys()):
        page.append(event)
        count += 1
        if len(page) == PAGE:
            await show_page()
    await show_page()
    return count


def _say_nothing_there(where: str) -> None:
    errors.print(f"there is no event in {where}", style="dim", markup=False, soft_wrap=True)


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


async def _show(connection: Connection, shown: Shown, events: Sequence[RecordedEvent], opened: bool) -> None:
    for event in await connection.seals.open(events) if opened else events:
        shown.event(event)
