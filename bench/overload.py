"""A command service asked for 0.5 to 3 times what it can do, at a fixed rate, with its limit and without it."""

import asyncio
import json
import statistics
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.measuring import ROUNDS, report, servers
from bench.over_http import BODY, follow_nothing, load
from deploy.local.services import Service

SECONDS, CONNECTIONS = 4.0, 800
FACTORS = (0.5, 1.0, 1.5, 3.0)
NO_LIMIT_MS = "600000"
"""The limit then only grows."""


@dataclass(frozen=True)
class Outcome:
    """What came of one load: accepted requests a second, times in milliseconds, refused a share of all."""

    goodput: float
    p50: float
    p99: float
    refused: float
    refused_p99: float
    failed: float


def open_load(url: str, rate: float) -> Outcome:
    """Ask at this rate."""
    address = urlsplit(url)
    head = f"POST /api/v1/tickets HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(BODY)}\r\n\r\n"
    command = [sys.executable, "-m", "bench.open_load", str(address.port), str(SECONDS), str(rate), str(CONNECTIONS)]
    return Outcome(
        **json.loads(subprocess.run(command, input=head.encode() + BODY, capture_output=True, check=True).stdout)
    )


def main() -> None:
    """Print a line a load and the ratios that matter."""
    with servers() as started, ExitStack() as stack:
        asyncio.run(follow_nothing(started.rabbitmq))
        limited = Service("command", started.folder / "limited.log", started.environment)
        other = {"TWINPATH_MOST_WAITING_MS": NO_LIMIT_MS, "TWINPATH_LOG_DATABASE": "without"}
        unlimited = Service("command", started.folder / "unlimited.log", {**started.environment, **other})
        for service in (limited, unlimited):
            stack.callback(service.close)
            service.start()
        for service in (limited, unlimited):
            service.wait_ready()
        goodputs: list[float] = []
        latencies: list[float] = []
        without: list[float] = []
        for round_ in range(1, ROUNDS + 1):
            capacity = load(unlimited.url, "POST", "/api/v1/tickets", BODY)
            print(f"round {round_}: {capacity:,.0f} commands/s with 64 connections")
            found = {factor: open_load(limited.url, factor * capacity) for factor in FACTORS}
            for factor, outcome in found.items():
                _tell(f"{factor:g} x", outcome)
            plain = {factor: open_load(unlimited.url, factor * capacity) for factor in (1.0, 3.0)}
            for factor, outcome in plain.items():
                _tell(f"{factor:g} x without limit", outcome)
            goodputs.append(found[3.0].goodput / found[1.0].goodput)
            latencies.append(found[3.0].p50 / found[1.0].p50)
            without.append(plain[3.0].p50 / found[3.0].p50)
    report("goodput at 3 x / at 1 x", goodputs, ">= 0.9", statistics.median(goodputs) >= 0.9)
    report("p50 of the accepted at 3 x / at 1 x", latencies, "<= 2", statistics.median(latencies) <= 2)
    report("p50 at 3 x without limit / with", without, "> 5", statistics.median(without) > 5)


def _tell(name: str, outcome: Outcome) -> None:
    print(
        f"  {name:20} {outcome.goodput:6,.0f}/s accepted, p50 {outcome.p50:6.0f} ms, p99 {outcome.p99:6.0f} ms,"
        f" {outcome.refused:4.0%} refused (p99 {outcome.refused_p99:.0f} ms), {outcome.failed:.0f} failed",
        flush=True,
    )
