"""`twinpath inspect stream`: an aggregate as it was at a version or a time, and the events that led there."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter

from twinpath.cli.connection import Connection, ask
from twinpath.cli.log import PAGE, Open
from twinpath.cli.output import AsJson
from twinpath.cli.showing_events import Shown, time_text
from twinpath.domain.aggregate import AnyAggregate
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.errors import MalformedRequest, NotFound, TwinpathError
from twinpath.ids import category_of, log_of


class CannotFold(TwinpathError):
    """An event that stands where the rules would never have put it."""

    code = "cannot_fold"


app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def inspect() -> None:
    """Look into what the log knows of one aggregate."""  # without this function the app's one command would be the app


@app.command()
def stream(
    name: Annotated[str, typer.Argument(metavar="ID", help="the aggregate's id, as in order-0198…")],
    at: Annotated[str | None, typer.Option(help="a version, or an RFC 3339 time; now where it is not given")] = None,
    as_json: AsJson = False,
    opened: Open = False,
) -> None:
    """The events up to then, and the state that the rules fold them to.

    A time means: up to the first event that was recorded later. Personal data are null unless they are opened.
    """

    async def work(connection: Connection) -> int:
        until = _until(at)
        deciders = connection.application.deciders
        decider = deciders.get(category_of(name))
        if decider is None:
            raise NotFound(f"{name} is of no kind that has rules; these have: {', '.join(deciders)}")
        shown, state, last = Shown(as_json), None, None
        async for event in _events(connection, name, opened):
            if _is_after(event, until):
                break
            shown.event(event)
            state, last = _evolved(decider, state, event, connection.events.decode(event)), event
        _show_state(shown, _reached(name, last, until), TypeAdapter(decider.state).dump_python(state, mode="json"))
        return 0

    ask(work, "inspect stream --open" if opened else None)


Until = int | datetime | None
"""The last version, or the last time, or the end."""


def _until(at: str | None) -> Until:
    """Raises MalformedRequest."""
    if at is None or (at.isascii() and at.isdigit() and int(at) > 0):
        return None if at is None else int(at)
    try:
        time = datetime.fromisoformat(at)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise MalformedRequest(f"--at is a version (3) or a time with its zone (2026-03-10T12:00:00Z), not {at!r}")
    return time


def _is_after(event: RecordedEvent, until: Until) -> bool:
    match until:
        case int():
            return event.version > until
        case datetime():
            return event.at > until
        case None:
            return False


def _evolved(decider: AnyAggregate, state: Any, event: RecordedEvent, decoded: DomainEvent) -> Any:
    """The state after the event. Raises CannotFold."""
    try:
        return decider.evolve(state, decoded)
    except Exception as error:  # the rules never refuse what they decided; what stands here came about otherwise
        raise CannotFold(f"the rules can't fold {event.id}: {error}") from error


async def _events(connection: Connection, name: str, opened: bool) -> AsyncIterator[RecordedEvent]:
    version, log = 0, log_of(name, connection.partitions)
    while events := await connection.log.read_stream(log, name, version, PAGE):
        for event in await connection.seals.open(events) if opened else events:
            yield event
        version = events[-1].version


def _reached(name: str, last: RecordedEvent | None, until: Until) -> RecordedEvent:
    """The last event, if it is as far as was asked for. Raises NotFound."""
    if last is None:
        when = f" that was there at {until.isoformat()}" if isinstance(until, datetime) else ""
        raise NotFound(f"there is no stream {name}{when}")
    if isinstance(until, int) and last.version < until:
        raise NotFound(f"{name} is at version {last.version}; there is no version {until} of it")
    return last


def _show_state(shown: Shown, last: RecordedEvent, state: Any) -> None:
    if shown.as_json:
        place = {"log": last.log, "position": last.position, "at": last.at}
        shown.json({"stream": last.stream, "version": last.version, **place, "state": state})
    else:
        print(f"\n{last.stream} at version {last.version}, {last.log}:{last.position}, {time_text(last.at)}")
        print(json.dumps(state, indent=2, ensure_ascii=False), flush=True)
