"""What a command, an event and a query cost each process in CPU time, and in bytes, at fixed rates.

One replica of each service, and one more of the command service that only one of the loads goes to: it shows what
taking commands costs apart from relaying them.
"""

import asyncio
import random
from contextlib import closing
from typing import Any

import httpx

from bench.load.mix import Shop
from bench.load.playing import stock
from bench.measuring import running, servers
from bench.model import shared_log
from bench.model.batch_time import batch_times, fitted
from bench.model.probe import COMMAND, OTHER, PROCESSES, PROJECTOR, QUERY, Load, Probe
from bench.model.requests import KINDS, as_bytes, some
from bench.model.stored import event_bytes, on_disk
from bench.over_http import load as closed_load
from bench.overload import POST_A_TICKET
from bench.results import Kept, newest_found
from bench.run import Run
from bench.sizes import RESULTS, Sizes
from deploy.local.services import NAMES

NAME = "costs"
TICKET, MIXED = "a ticket is opened", KINDS[0]
_MADE, _DISTINCT = 400, 2_000
_NOTE = b'{"note": "called the carrier, they look for it"}'


def measure(run: Run) -> None:
    """On private servers; what came out is kept, and shown in docs/scaling.md."""
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
                    run.say(_told(number, load))
            found: dict[str, Any] = {"event bytes": event_bytes(probe.client), "stored": on_disk(probe.client)}
            one_stream = closed_load(
                to_command, "POST", f"/api/v1/tickets/{shop.tickets[0]}/notes", _NOTE, sizes=run.sizes
            )
        found["batches"], found["shared log"] = batch_times(started.mongodb), shared_log.measured(started.mongodb)
    batch = fitted(found["batches"])
    run.say(f"an insert of n commits: {batch.base_ms:.2f} ms + n x {1000 * batch.ms_per_commit:.1f} us")
    run.say(f"one stream: {one_stream:,.0f} commands/s")
    for writers, p50, p99, lost in found["shared log"]:
        run.say(f"{writers} writers of one log: p50 {p50:.1f} ms, p99 {p99:.0f} ms, {lost:.2f} races lost an insert")
    measured = {
        "idle": probe.idle,
        "loads": [load.as_json() for load in loads],
        "one stream": one_stream,
    }
    run.keep(NAME, {**measured, **found})


def known(sizes: Sizes) -> Kept:
    """What this script has found last. Raises RuntimeError when it has never run."""
    for folder in (sizes.folder, RESULTS):
        if (found := newest_found(folder)) and NAME in found:
            return found[NAME]
    raise RuntimeError("costs are not known: `make bench NAME=costs` first")


def taking_ms(costs: Kept) -> float:
    """Milliseconds of CPU that a command service needs to take a command that opens a ticket, without relaying it."""
    (load,) = (load for load in costs["loads"] if load["to"] == OTHER and not load["held_back"])
    return float(load["medians"][f"us {OTHER}"]) / 1000


def _shop(command: str, query: str) -> Shop:
    """With products, customers, and some orders and tickets."""
    target = asyncio.run(stock([command], [query]))
    shop = Shop(target.products, target.customers, random.Random(1))
    with httpx.Client(base_url=command, timeout=30) as client:
        for request in some(shop, MIXED, _MADE):
            shop.made(request, client.post(request.path, json=request.body).raise_for_status().json())
    return shop


def _loads(shop: Shop) -> list[Load]:
    mixed = [as_bytes(request) for request in some(shop, MIXED, _DISTINCT)]
    queries = {kind: [as_bytes(request) for request in some(shop, kind, _DISTINCT)] for kind in KINDS[1:]}
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


def _told(number: int, load: Load) -> str:
    spent = (f"{process} {load.measured[f'us {process}'][-1]:.0f}" for process in PROCESSES)
    events = load.measured.get("events")
    per_event = f" ({events[-1]:.1f} events)" if events else ""
    p99 = load.measured["p99"][-1]
    held = f", {load.held_back} held back" if load.held_back else ""
    return (
        f"round {number}, {load.name}{per_event}{held} at {load.rate:,.0f}/s, p99 {p99:.0f} ms; us: {', '.join(spent)}"
    )
