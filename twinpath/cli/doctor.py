"""`twinpath doctor`: what the application declares and cannot work, without any server."""

import typer

from twinpath.checking.declarations import faults
from twinpath.cli.application import find_application
from twinpath.cli.connection import CANNOT, errors
from twinpath.errors import TwinpathError


def doctor() -> None:
    """Check the declarations: events, aggregates, commands, projections, views, resources and processes.

    Exit code 1 when anything can't work.
    """
    try:
        application = find_application()
    except TwinpathError as error:
        errors.print(error.detail, style="red", markup=False, soft_wrap=True)
        raise typer.Exit(CANNOT) from None
    defects = faults(application)
    for fault in defects:
        print(fault)
    counts = {
        "events": len(application.events.types),
        "aggregates": len(application.aggregates),
        "projections": len(application.projections),
        "resources": len(application.resources),
        "processes": len(application.processes),
    }
    print(f"{', '.join(f'{count} {name}' for name, count in counts.items())}: {len(defects) or 'no'} faults")
    raise typer.Exit(1 if defects else 0)
