"""`twinpath verify`: every check one after the other, and what differs."""

import json
import os
from dataclasses import asdict
from typing import Annotated

import typer

from twinpath.cli.connection import Connection, ask
from twinpath.cli.progress import bar
from twinpath.cli.verifying.checks import Check, all_checks
from twinpath.cli.verifying.views import Folding
from twinpath.log.verification import Finding

DIFFERS = 1
_JSON_NAMES = {"actual": "found"}


def verify(
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a finding, then one a check")] = False,
    most: Annotated[int, typer.Option(min=1, help="findings to show of each check; all are counted")] = 100,
    with_values: Annotated[
        bool, typer.Option("--values", help="show the values in views that differ, which may be personal")
    ] = False,
    views: Annotated[bool, typer.Option(help="fold every view anew and compare it")] = True,
) -> None:
    """Check whole logs: gapless, complete, in order, readable today; and every view against a fold of the log.

    Exit code 1 when anything differs.
    """
    folding = Folding(os.cpu_count() or 1, with_values) if views else None

    async def work(connection: Connection) -> int:
        differences = [await _carry_out(check, most, as_json) for check in await all_checks(connection, folding)]
        return DIFFERS if any(differences) else 0

    ask(work)


async def _carry_out(check: Check, most: int, as_json: bool) -> int:
    """Show what a check finds; how much that was, without warnings."""
    done, differing, warnings, size = 0, 0, 0, await check.size()
    with bar(check.name, check.unit, lines=False) as reached:

        def advance(units: int) -> None:
            nonlocal done
            done += units
            reached(done, size)

        async for finding in check.findings(advance):
            differing, warnings = differing + 1, warnings + finding.warning
            if differing <= most:
                print(_json(finding) if as_json else _line(finding), flush=True)
    if as_json:
        print(
            json.dumps({"check": check.name, "looked_at": done, "unit": check.unit, "findings": differing}), flush=True
        )
    else:
        more = f", {differing - most} of them not shown" if differing > most else ""
        print(
            f"{check.name}: {done:,} {check.unit}, {f'{differing:,} differ{more}' if differing else 'right'}",
            flush=True,
        )
    return differing - warnings


def _json(finding: Finding) -> str:
    return json.dumps({_JSON_NAMES.get(name, name): value for name, value in asdict(finding).items()})


def _line(finding: Finding) -> str:
    places = {"log": finding.log, "position": finding.position, "stream": finding.stream}
    where = " ".join(f"{name} {value}" for name, value in places.items() if value is not None)
    what = f"{'warning: ' if finding.warning else ''}{finding.check}: {finding.problem}"
    return f"{what}: {where}: expected {finding.expected}, found {finding.actual}"
