"""The commands of `twinpath`, one file each beside this one, put together."""

import typer

from twinpath.cli import inspect, log
from twinpath.cli.doctor import doctor
from twinpath.cli.importing import import_file
from twinpath.cli.init import init, server_files
from twinpath.cli.rebuilding.command import rebuild
from twinpath.cli.rebuilding.views import views
from twinpath.cli.repairing import claims, dead_letters, parked
from twinpath.cli.verifying.command import verify

app = typer.Typer(name="twinpath", help="Look at a running Twinpath, and put it right.", no_args_is_help=True)
app.add_typer(log.app, name="log")
app.add_typer(inspect.app, name="inspect")
app.add_typer(parked.app, name="parked")
app.add_typer(claims.app, name="claims")
app.add_typer(dead_letters.app, name="dead-letters")
app.command()(rebuild)
app.command()(views)
app.command()(verify)
app.command("import")(import_file)
app.command()(doctor)
app.command()(init)
app.command()(server_files)


@app.callback()
def twinpath() -> None:
    """Look at a running Twinpath, and put it right."""
