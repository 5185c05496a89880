"""`twinpath doctor`: what the application declares and cannot work, without any server."""

import typer

from twinpath.checking.declarations import faults
from twinpath.cli.application import find_application
from twinpath.cli.connection import fail
from twinpath.cli.output import AsJson, Output
from twinpath.errors import TwinpathError

_DECLARED = ("aggregates", "projections", "facts", "resources", "processes")


def doctor(as_json: AsJson = False) -> None:
    """Check the declarations: events, aggregates, commands, projections, views, facts,
    resources and processes.

    Exit code 1 when anything can't work.
    """
    try:
        application = find_application()
    except TwinpathError as error:
        fail(error.detail)
    out, defects = Output(as_json), faults(application)
    for fault in defects:
        out.tell(fault, fault=fault)
    counts = {"events": len(application.events.types)}
    counts |= {name: len(getattr(application, name)) for name in _DECLARED}
    text = ", ".join(f"{count} {name}" for name, count in counts.items())
    out.tell(f"{text}: {len(defects) or 'no'} faults", **counts, faults=len(defects))
    raise typer.Exit(1 if defects else 0)
