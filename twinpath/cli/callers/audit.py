"""`twinpath audit`: who did what, and what was refused, from the append-only record."""

import re
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from twinpath.cli.connection import carry_out, fail
from twinpath.cli.output import AsJson, Output
from twinpath.cli.settings import find_system
from twinpath.clock import utc_now
from twinpath.identity.audit.auditing import pseudonym_of
from twinpath.identity.audit.interface import Entry, Outcome, Wanted
from twinpath.identity.audit.mongo import MongoAuditLog
from twinpath.identity.caller import Caller
from twinpath.mongo_client import mongo_client

_SPANS = {"m": 60, "h": 3600, "d": 86_400}


def audit(
    since: Annotated[str, typer.Option(help="a time (2026-11-01T12:00Z) or how long ago: 30m, 12h, 7d")] = "24h",
    actor: Annotated[str | None, typer.Option(help="a pseudonym, as the record has it")] = None,
    who: Annotated[str | None, typer.Option(help="a subject, whose pseudonym is worked out; with --issuer")] = None,
    issuer: Annotated[str, typer.Option(help="who signed the subject in; `keys` for a machine key")] = "",
    action: Annotated[
        str | None, typer.Option(help="as in GET /api/v1/customers/{id}, or a bulk command's name")
    ] = None,
    refused: Annotated[bool, typer.Option("--refused", help="only what was refused")] = False,
    as_json: AsJson = False,
) -> None:
    """Who did what, and what was refused, the oldest first."""
    out, began = Output(as_json), _time(since)
    outcome: Outcome | None = None if not refused else "refused"
    settings, which = find_system()

    async def work() -> int:
        async with mongo_client(settings.mongodb_url, "cli") as client:
            record = MongoAuditLog(client, settings.identity_database)
            name = actor
            if who is not None:
                caller = Caller(issuer or settings.identity_issuer, who)
                name = pseudonym_of(await record.read_key(), caller.key)
            entries = [entry async for entry in record.read(Wanted(began, None, name, action, outcome))]
        _show(out, entries)
        return 0

    carry_out(which, settings.mongodb_url, work)


def _show(out: Output, entries: list[Entry]) -> None:
    if out.as_json:
        for entry in entries:
            out.json(asdict(entry))
        return
    if not entries:
        out.tell("Nothing on record.")
        return
    table = Table("at", "service", "actor", "action", "of", "outcome", "times")
    for entry in entries:
        outcome = entry.outcome if entry.reason is None else f"{entry.outcome}: {entry.reason}"
        at = f"{entry.at:%Y-%m-%d %H:%M:%S}"
        actor = entry.actor if entry.on_behalf_of is None else f"{entry.actor} for {entry.on_behalf_of}"
        table.add_row(at, entry.service, actor, entry.action, entry.target or "", outcome, str(entry.count))
    out.table(table)


def _time(text: str) -> datetime:
    """A moment as --since has it; ends the command where it is none."""
    try:
        if re.fullmatch(r"[0-9]+[mhd]", text):
            return utc_now() - timedelta(seconds=int(text[:-1]) * _SPANS[text[-1]])
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        fail(f"--since takes a time or a span, as in 2026-11-01T12:00Z or 12h, and not {text!r}")
    return moment if moment.tzinfo else moment.replace(tzinfo=utc_now().tzinfo)
