"""`twinpath init` makes fresh servers ready for the services; `twinpath server-files` writes what they start with."""

from pathlib import Path
from typing import Annotated

import typer

from twinpath.cli.application import find_application
from twinpath.cli.connection import carry_out, fail, reason
from twinpath.cli.output import AsJson, Output
from twinpath.errors import TwinpathError
from twinpath.running.settings import read_settings
from twinpath.servers.files import write_files
from twinpath.servers.initialising import initialise
from twinpath.servers.settings import Settings


def init(
    patience: Annotated[float, typer.Option(min=0, help="seconds to wait for each server")] = 90.0,
    as_json: AsJson = False,
) -> None:
    """Make the replica set, the accounts and their rights, the log's layout and indexes, RabbitMQ's topology.

    What is there already stays; passwords and rights are brought to what the environment says.
    """
    settings, out = read_settings(Settings), Output(as_json)

    async def steps() -> int:
        async for done in initialise(settings, find_application(), patience):
            out.tell(done, done=done)
        return 0

    carry_out("what is made ready", settings.mongodb_url, steps)


def server_files(
    folder: Annotated[Path, typer.Argument(help="a folder for each server is made in it")], as_json: AsJson = False
) -> None:
    """Write MongoDB's key, RabbitMQ's definitions and Redis's users, made from the passwords in the environment."""
    out = Output(as_json)
    try:
        for file in write_files(folder, read_settings(Settings), find_application()):
            out.tell(str(file), file=str(file))
    except (TwinpathError, OSError) as error:
        fail(reason(error))
