"""`make up`, `make down`, `make clean`: all of Twinpath on this machine, with Docker where an engine answers."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import Annotated

import httpx
import typer
from rich.console import Console
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    wait_fixed,
)

from deploy.checkout import CHECKOUT
from deploy.issuer.serving import customers_of
from deploy.local.data_folder import DataFolder
from deploy.local.install import MissingProgram
from deploy.local.keeping import Keeper
from deploy.local.process import StartFailed
from deploy.local.stack import Stack
from deploy.sample import load_sample
from deploy.secrets_file import PROJECT, read_secrets, write_secrets
from twinpath.cli.addresses import FILE, compose_addresses, compose_log_address, forget_addresses, show, write_addresses
from twinpath.errors import NotAuthenticated, TwinpathError
from twinpath.identity.development_token import token_of
from twinpath.observability.logs import configure_logs

_SEEN_SECONDS = 30.0
DATA = DataFolder(CHECKOUT / ".local" / "data")

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
console = Console(stderr=True)


@app.command()
def up(
    docker: Annotated[bool | None, typer.Option(help="insist on Docker, or on local processes")] = None,
    sample: Annotated[bool, typer.Option(help="load the sample shop")] = True,
) -> None:
    """Start everything, load a sample, show the addresses. Local processes run until Ctrl-C or `make down`.

    What was entered is there again after the next start, unless FRESH=1 is set in the environment.
    ANALYTICS=0 leaves ClickHouse out.
    """
    os.chdir(CHECKOUT)
    if docker is None:
        docker = _engine_answers()
    if os.environ.get("FRESH") == "1":
        clean()
    try:
        _up_with_docker(sample) if docker else _up_locally(sample)
    except (MissingProgram, StartFailed) as error:
        console.print(str(error), style="red", highlight=False, markup=False)
        raise typer.Exit(1) from None
    except subprocess.CalledProcessError as error:
        raise typer.Exit(error.returncode) from None


@app.command()
def down() -> None:
    """Stop everything of this checkout that `up` started."""
    os.chdir(CHECKOUT)
    DATA.stop_user()
    if _engine_answers():
        write_secrets()  # compose does not read its file without them
        _compose("--profile", "*", "down", "--remove-orphans")
    FILE.unlink(missing_ok=True)


@app.command()
def clean() -> None:
    """Stop everything of this checkout, and delete its data: the volumes of its compose project, by name."""
    down()
    if _engine_answers():
        project = read_secrets()[PROJECT]
        volumes = _volumes(project)
        console.print(f"Deleting {', '.join(volumes) or f'nothing: {project} has no volumes'}.", highlight=False)
        _compose("--profile", "*", "down", "--volumes", "--remove-orphans")
    if DATA.delete():
        console.print(f"Deleted {DATA.path}.", highlight=False)


def _compose(*arguments: str) -> None:
    subprocess.run(["docker", "compose", *arguments], check=True)


def _volumes(project: str) -> list[str]:
    return _output("docker", "volume", "ls", "--quiet", "--filter", f"label=com.docker.compose.project={project}")


def _output(*command: str) -> list[str]:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()


def _up_with_docker(sample: bool) -> None:
    environment = {**write_secrets(), **os.environ}
    following = _output("docker", "compose", "ps", "--services", "--status", "running")
    loaded = False
    if sample and "command" not in following:  # into the log before any service follows it
        _compose("build", "init")
        _compose("run", "--rm", "-T", "init")
        loaded = _load(compose_log_address(environment))
    _compose("up", "--build", "--wait")
    addresses = compose_addresses(environment)
    _introduce_customers(addresses, loaded)
    _announce(addresses)
    console.print(
        "\nIt runs in the background: `make down` stops it, `make clean` deletes its data too.", highlight=False
    )


def _up_locally(sample: bool) -> None:
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with DATA.used():
        analytics = os.environ.get("ANALYTICS") != "0"
        servers = "MongoDB, RabbitMQ, Redis, ClickHouse" if analytics else "MongoDB, RabbitMQ, Redis"
        console.print(f"Starting {servers} and the three services ...")
        stack = Stack(DATA.path, analytics)
        addresses = stack.addresses()
        try:
            began = time.monotonic()
            stack.start_servers()
            loaded = sample and _load(addresses["mongodb"])
            stack.start_services()
            _introduce_customers(addresses, loaded)
            console.print(f"Ready after {time.monotonic() - began:.0f} s.")
            _announce(addresses)
            console.print(
                "\nCtrl-C or `make down` stops everything; `make clean` deletes its data too.", highlight=False
            )
            Keeper(stack.processes, partial(console.print, highlight=False, markup=False)).watch(stopping)
        finally:
            forget_addresses(addresses)
            stack.stop()
            console.print("Stopped.")


def _load(mongodb_url: str) -> bool:
    """Load the sample into a log without events; whether it was. Raises StartFailed."""
    try:
        loaded = asyncio.run(load_sample(mongodb_url))
    except TwinpathError as error:
        raise StartFailed(f"The sample could not be loaded: {error.detail}") from error
    text = "Loaded a sample: " + ", ".join(f"{count} {kind}" for kind, count in loaded.items())
    console.print(f"{text if loaded else 'No sample is loaded: there are data already'}.", highlight=False)
    return bool(loaded)


def _introduce_customers(addresses: Mapping[str, str], loaded: bool) -> None:
    """Tell the development issuer which customers its people are: all are seen soon after the sample was loaded.

    Raises StartFailed.
    """

    patience = stop_after_delay(_SEEN_SECONDS) if loaded else stop_after_attempt(1)

    async def introduce() -> None:
        headers = {"Authorization": f"Bearer {token_of(addresses['issuer'], 'operator')}"}
        with httpx.Client(base_url=addresses["issuer"]) as issuer:

            def keep(email: str, customer_id: str) -> None:
                issuer.put(f"/customers/{email}", json={"customer_id": customer_id}).raise_for_status()

            async with httpx.AsyncClient(base_url=addresses["query"], headers=headers) as client:
                again = retry_if_result(lambda complete: not complete)
                seen = AsyncRetrying(stop=patience, wait=wait_fixed(0.5), retry=again, retry_error_callback=_go_on)
                await seen(customers_of, client, keep)

    try:
        asyncio.run(introduce())
    except (httpx.HTTPError, NotAuthenticated) as error:
        raise StartFailed(f"The development issuer did not learn who its customers are: {error}") from error


def _go_on(_: RetryCallState) -> None:
    """Without its customers the system works all the same."""


def _announce(addresses: dict[str, str]) -> None:
    write_addresses(addresses)
    show(addresses, Console())


def _engine_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    for command in (["docker", "version", "--format", "{{.Server.Version}}"], ["docker", "compose", "version"]):
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return False
    return True


if __name__ == "__main__":
    configure_logs("up", "warning")
    sys.exit(app())
