"""The commands of `twinpath`, one file each beside this one, put together."""

import typer

app = typer.Typer(name="twinpath", help="Look at a running Twinpath, and put it right.", no_args_is_help=True)


@app.callback()
def twinpath() -> None:
    """Look at a running Twinpath, and put it right."""
