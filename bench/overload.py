"""A command service asked for 0.5 to 3 times what it can do, at a fixed rate, with its limit and without it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.figures import at_least, at_most
from bench.measuring import running, servers
from bench.open_load import SEPARATOR
from bench.over_http import BODY, follow_nothing, posts
from bench.run import Run

CONNECTIONS = 800
FACTORS = (0.5, 1.0, 1.5, 3.0)
NO_LIMIT_MS = "600000"
"""The limit then only grows."""


@dataclass(frozen=True)
class Outcome:
    """What came of one load: accepted requests, in all and a second, times in ms, refused a share of all."""

    accepted: int
    goodput: float
    p50: float
    p99: float
    refused: float
    refused_p99: float
    failed: float


POST_A_TICKET = (
    f"POST /api/v1/tickets HTTP/1.1\r\nHost: twinpath\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n".encode()
    + BODY
)


def open_load(
    url: str,
    rate: float,
    seconds: float,
    connections: int = CONNECTIONS,
    requests: Sequence[bytes] = (POST_A_TICKET,),
) -> Outcome:
    """Ask at this rate."""
    command = [sys.executable, "-m", "bench.open_load", str(urlsplit(url).port), str(seconds), str(rate)]
    given = SEPARATOR.join(requests)
    played = subprocess.run([*command, str(connections)], input=given, stdout=subprocess.PIPE, check=True)
    return Outcome(**json.loads(played.stdout))


def measure(run: Run) -> None:
    """A line a load, and the ratios that matter."""
    goodputs = run.figure("goodput at 3 x / at 1 x of what the command service can do", at_least(0.9), "/s")
    latencies = run.figure("p50 of the accepted at 3 x / at 1 x", at_most(2), "ms")
    without = run.figure("p50 at 3 x without a limit / with it", at_least(5), "ms")
    other = {"TWINPATH_MOST_WAITING_MS": NO_LIMIT_MS, "TWINPATH_LOG_DATABASE": "without"}
    seconds = run.sizes.seconds
    with servers() as started:
        asyncio.run(follow_nothing(started.rabbitmq))
        with running(started, "command") as (limited,), running(started, "command", env=other) as (unlimited,):
            for _ in run.rounds():
                capacity = posts(unlimited.url, run.sizes)
                run.say(f"{capacity:,.0f} commands/s with {run.sizes.callers} connections")
                found = {factor: open_load(limited.url, factor * capacity, seconds) for factor in FACTORS}
                plain = {factor: open_load(unlimited.url, factor * capacity, seconds) for factor in (1.0, 3.0)}
                for name, outcomes in (("", found), (" without limit", plain)):
                    for factor, outcome in outcomes.items():
                        run.say(_told(f"{factor:g} x{name}", outcome))
                goodputs.add(found[3.0].goodput, found[1.0].goodput)
                latencies.add(found[3.0].p50, found[1.0].p50)
                without.add(plain[3.0].p50, found[3.0].p50)


def _told(name: str, outcome: Outcome) -> str:
    return (
        f"  {name:20} {outcome.goodput:6,.0f}/s accepted, p50 {outcome.p50:6.0f} ms, p99 {outcome.p99:6.0f} ms,"
        f" {outcome.refused:4.0%} refused (p99 {outcome.refused_p99:.0f} ms), {outcome.failed:.0f} failed"
    )
