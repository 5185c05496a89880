"""Finds the knee of the shop's load, with one replica of each service and with two."""

import asyncio
from collections.abc import Sequence
from typing import Any

from bench.load.figures import KINDS, Second, milliseconds
from bench.load.knee import find_knee, is_well
from bench.load.playing import Target, play, stock
from bench.load.report import total
from bench.measuring import Servers, running, servers
from bench.run import Run
from deploy.local.services import NAMES

NAME = "knee"
REPLICAS = (1, 2)
_FIRST_RATE = 200.0
_WARMING_SECONDS = 5.0
_PROCESSES = 2


def measure(run: Run) -> None:
    """On private servers, anew for each number of replicas."""
    knees: dict[str, Any] = {}
    for replicas in REPLICAS:
        with servers() as started:
            knees[f"{replicas}"] = _with(run, started, replicas)
    run.keep(NAME, {"replicas": knees})


def _with(run: Run, started: Servers, replicas: int) -> dict[str, Any]:
    names = [name for name in NAMES for _ in range(replicas)]
    with running(started, *names) as services:
        urls = {name: [service.url for service in services if service.name == name] for name in NAMES}
        return asyncio.run(_search(run, replicas, urls["command"], urls["query"]))


async def _search(run: Run, replicas: int, command: Sequence[str], query: Sequence[str]) -> dict[str, Any]:
    target, duration = await stock(command, query), run.sizes.knee_seconds
    await _play(target, _FIRST_RATE, _WARMING_SECONDS)

    async def goes_well(rate: float) -> bool:
        """A rate that was too high is tried once more: a stall of the machine is no knee."""
        for _ in range(2):
            seconds = await _play(target, rate, duration)
            well = is_well(rate, duration, seconds)
            run.say(f"{replicas} of each, {rate:,.0f} requests/s: {_report(seconds)}{'' if well else ': too much'}")
            if well:
                return True
        return False

    good, bad = await find_knee(_FIRST_RATE, goes_well)
    rate = good or _FIRST_RATE
    at_knee = await _play(target, rate, run.sizes.knee_last_seconds)
    run.say(f"{replicas} of each: the knee is at {good:,.0f} requests/s; at {rate:,.0f} {_report(at_knee)}")
    at_rate = {"rate": rate, "whole": _plain(total(at_knee)), "seconds": [_plain(second) for second in at_knee]}
    return {"good": good, "bad": bad, **at_rate}


async def _play(target: Target, rate: float, seconds: float) -> list[Second]:
    return await play(target, rate, seconds, _PROCESSES, lambda number, second: None)


def _report(seconds: Sequence[Second]) -> str:
    whole = total(seconds)
    return "p99 " + ", ".join(f"{kind} {milliseconds(whole.times[kind], 99):,.1f} ms" for kind in KINDS)


def _plain(second: Second) -> dict[str, float]:
    times = {f"{kind} p{share}": milliseconds(second.times[kind], share) for kind in KINDS for share in (50, 99)}
    counts = {kind: second.times[kind].total_count for kind in KINDS}
    return {**times, **counts, "refused": second.refused, "failed": second.failed}
