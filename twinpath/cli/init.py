"""`twinpath init` makes fresh servers ready for the services; `twinpath server-files` writes what they start with."""

import asyncio
from pathlib import Path
from typing import Annotated
from urllib.error import URLError

import typer
from pymongo.errors import PyMongoError

from twinpath.cli.application import find_application
from twinpath.errors import TwinpathError
from twinpath.running.settings import read_settings
from twinpath.servers.files import write_files
from twinpath.servers.initialising import initialise
from twinpath.servers.settings import Settings


def init(patience: Annotated[float, typer.Option(min=0, help="seconds to wait for each server")] = 90.0) -> None:
    """Make the replica set, the accounts and their rights, the log's layout and indexes, RabbitMQ's topology.

    What is there already stays; passwords and rights are brought to what the environment says.
    """

    settings = read_settings(Settings)

    async def steps() -> None:
        async for done in initialise(settings, find_application(), patience):
            typer.echo(done)

    try:
        asyncio.run(steps())
    except (PyMongoError, URLError, TwinpathError) as error:
        typer.echo(f"twinpath init: {error}", err=True)
        raise typer.Exit(1) from None


def server_files(folder: Annotated[Path, typer.Argument(help="a folder for each server is made in it")]) -> None:
    """Write MongoDB's key, RabbitMQ's definitions and Redis's users, made from the passwords in the environment."""
    for file in write_files(folder, read_settings(Settings), find_application()):
        typer.echo(str(file))
