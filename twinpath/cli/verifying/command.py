"""`twinpath verify`: every check one after the other, and what differs."""

import os
from dataclasses import asdict
from typing import Annotated, Any

import typer

from twinpath.cli.connection import Connection, ask
from twinpath.cli.output import MOST, AsJson, Output
from twinpath.cli.progress import bar
from twinpath.cli.verifying.check import Check
from twinpath.cli.verifying.checks import all_checks
from twinpath.cli.verifying.views import Folding
from twinpath.log.verification import Finding

DIFFERS = 1
_JSON_NAMES = {"actual": "found"}


def verify(
    as_json: AsJson = False,
    most: Annotated[int, typer.Option(min=1, max=MOST, help="findings to show of each check; all are counted")] = 100,
    with_values: Annotated[
        bool, typer.Option("--values", help="show the values in views that differ, which may be personal")
    ] = False,
    views: Annotated[bool, typer.Option(help="fold every view anew and compare it")] = True,
) -> None:
    """Check whole logs: gapless, complete, in order, readable today; every table of facts by its counts and sums, and
    every view, against a fold of the log.

    Exit code 1 when anything differs.
    """
    out = Output(as_json)
    folding = Folding(os.cpu_count() or 1, with_values) if views else None

    async def work(connection: Connection) -> int:
        differences = [await _carry_out(check, most, out) for check in await all_checks(connection, folding)]
        return DIFFERS if any(differences) else 0

    ask(work)


async def _carry_out(check: Check, most: int, out: Output) -> int:
    """Show what a check finds; the number of differences, without warnings."""
    done, shown, hidden, differing, warnings, size = 0, 0, 0, 0, 0, await check.size()
    with bar(check.name, check.unit, lines=False) as reached:

        def advance(units: int) -> None:
            nonlocal done
            done += units
            reached(done, size)

        async for finding in check.findings(advance):
            differing += finding.count
            warnings += finding.count if finding.warning else 0
            if shown < most:
                out.tell(_line(finding), **_facts(finding))
                shown += 1
            else:
                hidden += finding.count
    more = f", {hidden:,} of them not shown" if hidden else ""
    summary = f"{check.name}: {done:,} {check.unit}, {f'{differing:,} differ{more}' if differing else 'right'}"
    out.tell(summary, check=check.name, looked_at=done, unit=check.unit, findings=differing)
    return differing - warnings


def _facts(finding: Finding) -> dict[str, Any]:
    return {_JSON_NAMES.get(name, name): value for name, value in asdict(finding).items()}


def _line(finding: Finding) -> str:
    places = {"log": finding.log, "position": finding.position, "stream": finding.stream}
    where = " ".join(f"{name} {value}" for name, value in places.items() if value is not None)
    what = f"{'warning: ' if finding.warning else ''}{finding.check}: {finding.problem}"
    return ": ".join(filter(None, (what, where, f"expected {finding.expected}, found {finding.actual}")))
