"""The commands of `twinpath`, one file each beside this one, put together."""

import typer

from deploy.cli.verify import verify

app = typer.Typer(name="twinpath", help="Look at a running Twinpath, and put it right.", no_args_is_help=True)
app.command()(verify)


@app.callback()
def twinpath() -> None:
    """Look at a running Twinpath, and put it right."""
