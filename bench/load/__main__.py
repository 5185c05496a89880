"""Puts an open-loop load on a running Twinpath: `python -m bench.load`; `--help` lists the options."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import aiohttp
import httpx
import typer
from rich.console import Console

from bench.load.figures import Second
from bench.load.knee import COMMAND_P99, QUERY_P99, find_knee, is_well
from bench.load.playing import Target, play, stock
from bench.load.report import line, picture, table
from twinpath.cli.addresses import FILE
from twinpath.errors import NotAuthenticated
from twinpath.identity.development_token import token_of

_SEVERAL = "of a service; repeat the option for every replica: requests go to them in turn"
_CALLERS = 100
"""So many callers send in turn: a single one may ask for no more than TWINPATH_CALLER_RATE."""
_console = Console()


@dataclass(frozen=True)
class Load:
    """Requests a second, seconds, and the number of sending processes."""

    rate: float
    seconds: float
    processes: int


def main(
    rate: Annotated[float, typer.Option(min=1, help="requests a second; with --until-saturated the first rate")] = 200,
    duration: Annotated[float, typer.Option(min=5, help="seconds of each load")] = 30,
    until_saturated: Annotated[bool, typer.Option(help="raise the rate to find the knee")] = False,
    processes: Annotated[int, typer.Option(min=1, help="that send side by side")] = 2,
    command: Annotated[list[str] | None, typer.Option(envvar="TWINPATH_COMMAND_URL", help=_SEVERAL)] = None,
    query: Annotated[list[str] | None, typer.Option(envvar="TWINPATH_QUERY_URL", help=_SEVERAL)] = None,
    issuer: Annotated[
        str, typer.Option(envvar="TWINPATH_IDENTITY_ISSUER", help="of development, which signs the callers in")
    ] = "",
    plot: Annotated[Path | None, typer.Option(help="a PNG of latency and lag over time")] = None,
) -> None:
    """One write to twenty reads, a few hot products. Without addresses it goes to the `make up` of this folder."""
    if not command or not query:
        running = json.loads(FILE.read_text()) if FILE.is_file() else {}
        command, query = command or _listed(running.get("command")), query or _listed(running.get("query"))
        issuer = issuer or running.get("issuer", "")
    if not command or not query:
        raise typer.BadParameter("no `make up` runs in this folder: give --command and --query")
    load = Load(rate, duration, processes)
    try:
        tokens = [token_of(issuer, f"operator+{number}") for number in range(_CALLERS)] if issuer else []
        asyncio.run(_all(_bare(command), _bare(query), tokens, load, until_saturated, plot))
    except (aiohttp.ClientError, httpx.HTTPError, NotAuthenticated, RuntimeError, TimeoutError) as error:
        _console.print(f"[red]{error or type(error).__name__}")
        raise typer.Exit(2) from error


def _listed(url: str | None) -> list[str]:
    return [url] if url else []


def _bare(urls: Sequence[str]) -> list[str]:
    return [url.rstrip("/") for url in urls]


async def _all(
    command: Sequence[str],
    query: Sequence[str],
    tokens: Sequence[str],
    load: Load,
    until_saturated: bool,
    plot: Path | None,
) -> None:
    target = await stock(command, query, tokens)
    if until_saturated:
        await _find_knee(target, load)
        return
    seconds = await _play(target, load)
    if plot is not None:
        picture(seconds, plot)


async def _play(target: Target, load: Load) -> list[Second]:
    def report(number: int, second: Second) -> None:
        _console.print(line(number, second), highlight=False)

    seconds = await play(target, load.rate, load.seconds, load.processes, report)
    table(load.rate, seconds, _console)
    return seconds


async def _find_knee(target: Target, load: Load) -> None:
    async def goes_well(rate: float) -> bool:
        return is_well(rate, load.seconds, await _play(target, Load(rate, load.seconds, load.processes)))

    good, bad = await find_knee(load.rate, goes_well)
    _console.print(
        f"the knee: {good:,.0f} requests/s, with p99 of commands within {COMMAND_P99:g} ms and of queries within "
        f"{QUERY_P99:g} ms; {bad:,.0f} was too much"
    )


if __name__ == "__main__":
    typer.run(main)
