"""Measures the cost of a command, an event and a query in CPU time of each process and in bytes, at fixed rates.

One replica of each service runs, and a second replica of the command service that receives some loads only: it shows
the cost of taking commands apart from the cost of relaying them.
"""

import asyncio
import random
from contextlib import closing
from typing import Any

import httpx

from bench.growth.stream_length import NOTE
from bench.load.mix import Shop
from bench.load.playing import stock
from bench.measuring import running, servers
from bench.model import shared_log
from bench.model.batch_time import batch_times, fitted
from bench.model.probe import COMMAND, OTHER, PROCESSES, PROJECTOR, QUERY, Load, Probe
from bench.model.requests import KINDS, sample, wired
from bench.model.stored import event_bytes, on_disk
from bench.results import Kept, newest_data
from bench.run import Run
from bench.services.open_load import POST_A_TICKET, as_bytes, closed_load
from bench.sizes import RESULTS, Sizes
from deploy.local.services import NAMES

NAME = "costs"
TICKET, MIXED = "a ticket is opened", KINDS[0]
_MADE, _DISTINCT = 400, 2_000


def measure(run: Run) -> None:
    """On private servers; the results are kept, and written into docs/scaling-tables.md."""
    seconds = run.sizes.cost_seconds
    with servers() as started, running(started, *NAMES) as services, running(started, "command") as (other,):
        named = dict(zip((COMMAND, PROJECTOR, QUERY), services, strict=True))
        to_command = named[COMMAND].url
        with closing(Probe(started, {**named, OTHER: other})) as probe:
            shop = _shop(to_command, named[QUERY].url)
            loads = _loads(shop)
            for load in _loads(shop):
                probe.warm(load)
            for number in run.rounds():
                probe.rest(seconds)
                for load in loads:
                    probe.play(load, seconds)
                    run.say(_report(number, load))
            data: dict[str, Any] = {"event bytes": event_bytes(probe.client), "stored": on_disk(probe.client)}
            note = as_bytes("POST", f"/api/v1/tickets/{shop.tickets[0]}/notes", NOTE)
            one_stream = closed_load(to_command, note, run.sizes)
        data["batches"], data["shared log"] = batch_times(started.mongodb), shared_log.measured(started.mongodb)
    batch = fitted(data["batches"])
    run.say(f"an insert of n commits: {batch.base_ms:.2f} ms + n x {1000 * batch.ms_per_commit:.1f} us")
    run.say(f"one stream: {one_stream:,.0f} commands/s")
    for writers, p50, p99, lost in data["shared log"]:
        run.say(f"{writers} writers of one log: p50 {p50:.1f} ms, p99 {p99:.0f} ms, {lost:.2f} races lost an insert")
    loads_data = [load.as_json() for load in loads]
    run.keep(NAME, {"idle": probe.idle, "loads": loads_data, "one stream": one_stream, **data})


def latest_costs(sizes: Sizes) -> Kept:
    """The latest result of this script. Raises RuntimeError when it has never run."""
    for folder in (sizes.folder, RESULTS):
        if (data := newest_data(folder)) and NAME in data:
            return data[NAME]
    raise RuntimeError("no costs have been measured: run `make bench NAME=costs` first")


def taking_ms(costs: Kept) -> float:
    """Milliseconds of CPU that a command service needs to take a command that opens a ticket, relaying not counted."""
    (load,) = (load for load in costs["loads"] if load["to"] == OTHER and not load["held_back"])
    return float(load["medians"][f"us {OTHER}"]) / 1000


def _shop(command: str, query: str) -> Shop:
    """A shop with products, customers, and some orders and tickets."""
    target = asyncio.run(stock([command], [query]))
    shop = Shop(target.products, target.customers, random.Random(1))
    with httpx.Client(base_url=command, timeout=30) as client:
        for request in sample(shop, MIXED, _MADE):
            shop.made(request, client.post(request.path, json=request.body).raise_for_status().json())
    return shop


def _loads(shop: Shop) -> list[Load]:
    mixed = [wired(request) for request in sample(shop, MIXED, _DISTINCT)]
    queries = {kind: [wired(request) for request in sample(shop, kind, _DISTINCT)] for kind in KINDS[1:]}
    by_id, lists, dashboards = queries.items()
    return [
        *(Load(TICKET, COMMAND, rate, [POST_A_TICKET]) for rate in (300, 1_000)),
        Load(TICKET, OTHER, 1_000, [POST_A_TICKET]),
        Load(TICKET, OTHER, 1_000, [POST_A_TICKET], held_back=COMMAND),
        *(Load(MIXED, COMMAND, rate, mixed) for rate in (40, 120)),
        Load(MIXED, COMMAND, 120, mixed, held_back=PROJECTOR),
        *(Load(by_id[0], QUERY, rate, by_id[1]) for rate in (500, 2_000)),
        Load(lists[0], QUERY, 300, lists[1]),
        Load(dashboards[0], QUERY, 150, dashboards[1]),
    ]


def _report(number: int, load: Load) -> str:
    spent = (f"{process} {load.measured[f'us {process}'][-1]:.0f}" for process in PROCESSES)
    events = load.measured.get("events")
    per_event = f" ({events[-1]:.1f} events)" if events else ""
    p99 = load.measured["p99"][-1]
    held = f", {load.held_back} held back" if load.held_back else ""
    return (
        f"round {number}, {load.name}{per_event}{held} at {load.rate:,.0f}/s, p99 {p99:.0f} ms; us: {', '.join(spent)}"
    )
