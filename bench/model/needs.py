"""What so many commands a second need, by the measured costs: processors, logs, servers, disk, money."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf

from bench.model.costs_shown import message_bytes
from bench.model.probe import COMMAND, OTHER, PROJECTOR, QUERY
from bench.results import Kept

_LEAST_NODES, _LEAST_PARTITIONS = 3, 4
_HOURS_A_MONTH, _DAYS_A_MONTH = 730, 30
MEASURED, LARGE_BATCHES = "as measured at the highest rate", "in batches as large as they get"


@dataclass(frozen=True)
class Assumptions:
    """What was not measured here; the values are in bench/scaling.py. Prices are in US dollars."""

    queries_a_command: float
    busy: float
    """Share of a core that a process may use, so that latencies stay short."""
    events_a_log: float
    """A second, in the busiest category, so that command services that share a log don't hinder each other."""
    logs_a_projector: float
    """So that the hash shares them about evenly."""
    busy_categories: float
    """Of the four, those that most events are in."""
    mongod_cores: int
    """Of one member of a replica set, which has three."""
    secondary: float
    """CPU of a secondary, by that of its primary."""
    broker_cores: int
    quorum: float
    """CPU of quorum queues on three nodes, by that on one."""
    copies_of_an_event: float
    """Queues that one event goes to: of views, of outside events, for some of fulfilment."""
    hot_hours: float
    """What changed in so many hours is to be in Redis."""
    core_hour: float
    gibibyte_memory_hour: float
    gigabyte_month: float


@dataclass(frozen=True)
class Model:
    """The measured costs in the form that the calculation takes them in; times are µs of CPU."""

    events: float
    """Events that follow from one command of the shop's mix."""
    busiest_category: float
    """The share of them that the logs of one category get."""
    command: float
    """Taking one command, with fulfilment and relaying."""
    relaying: float
    """The relay's part of that, for an event."""
    projector: float
    mongod: float
    redis: float
    rabbitmq: float
    following: float
    """For an event; the last is what each query replica spends to know how far the views are."""
    query: Mapping[str, float]
    """Process -> one query of the shop's mix."""
    message: float
    log: float
    views: float
    copy: float
    """Bytes of one event in a message; in the log and in the views, on disk with indexes; in Redis."""
    stream: float
    """Commands a second that one stream takes."""
    favourite: float
    """Commands on the product that is wanted most, for each command of the shop's mix."""


def models_of(costs: Kept, ticket: str, mixed: str, shares: Mapping[str, float], favourite: float) -> dict[str, Model]:
    """MEASURED and LARGE_BATCHES, from what `make bench NAME=costs` has kept; `shares` are those of the queries."""
    relay = _busiest(costs, ticket, to=OTHER)
    relay_held, held = _busiest(costs, ticket, to=OTHER, held=COMMAND), _busiest(costs, mixed, held=PROJECTOR)
    plain = _busiest(costs, mixed)
    return {
        MEASURED: _model(costs, plain, relay, plain, shares, favourite),
        LARGE_BATCHES: _model(costs, held, relay_held, plain, shares, favourite),
    }


def _busiest(costs: Kept, name: str, to: str = "", held: str = "") -> Kept:
    """The load of this name with the highest rate."""
    fitting = [load for load in costs["loads"] if load["name"] == name and load["held_back"] == held]
    return max((load for load in fitting if to in ("", load["to"])), key=lambda load: float(load["rate"]))


def _model(costs: Kept, load: Kept, relay: Kept, plain: Kept, shares: Mapping[str, float], favourite: float) -> Model:
    """From a load of the mix, one that shows the relay apart, and for sizes one with nobody held back."""
    of, sizes = load["medians"], plain["medians"]
    on_disk = {place: (kept["storage"] + kept["index"]) / kept["size"] for place, kept in costs["stored"].items()}
    queries = {
        process: sum(
            share * max(0.0, _busiest(costs, kind)["medians"][f"us {process}"]) for kind, share in shares.items()
        )
        for process in (QUERY, "mongod", "Redis")
    }
    return Model(
        events=sizes["events"],
        busiest_category=max(sizes[f"{category} events"] for category in costs["event bytes"]) / sizes["events"],
        command=sizes[f"us {COMMAND}"],
        relaying=max(0.0, relay["medians"][f"us {COMMAND}"]) / relay["medians"]["events"],
        projector=of[f"us {PROJECTOR}"] / of["events"],
        mongod=of["us mongod"] / of["events"],
        redis=max(0.0, of["us Redis"]) / of["events"],
        rabbitmq=relay["medians"]["us RabbitMQ"] / relay["medians"]["events"],
        following=max(0.0, of[f"us {QUERY}"]) / of["events"],
        query=queries,
        message=message_bytes(costs, plain),
        log=sizes["bytes in log"] * on_disk["log"],
        views=sizes["bytes in views"] * on_disk["views"],
        copy=sizes["bytes in Redis"],
        stream=costs["one stream"],
        favourite=favourite,
    )


def needs(model: Model, assumed: Assumptions, rate: float) -> dict[str, float]:
    """What `rate` commands a second need; cores are those in use. What can't be had at all is infinite."""
    events, queries = rate * model.events, rate * assumed.queries_a_command
    primaries = (events * model.mongod + queries * model.query["mongod"]) / 1e6
    redis = (events * model.redis + queries * model.query["Redis"]) / 1e6
    used = {
        "command": rate * model.command / 1e6,
        "projector": events * model.projector / 1e6,
        "query": queries * model.query[QUERY] / 1e6,
        "mongod": primaries * (1 + 2 * assumed.secondary),
        "RabbitMQ": assumed.quorum * events * model.rabbitmq / 1e6,
        "Redis": 2 * redis,
    }
    following = events * model.following / 1e6
    cores = sum(used.values()) / assumed.busy
    memory = events * model.copy * assumed.hot_hours * 3600 / 2**30
    disk = 3 * events * (model.log + model.views) * 86_400 / 1e9
    hourly = cores * assumed.core_hour + 2 * memory * assumed.gibibyte_memory_hour
    return {
        "events a second": events,
        "partitions a category": _partitions(model, assumed, rate),
        "command replicas": ceil(used["command"] / assumed.busy),
        "cores of the relay's leader": events * model.relaying / 1e6,
        "projector replicas": _projectors(model, assumed, rate),
        "share of each query replica that follows the views": following,
        "query replicas": ceil(used["query"] / (assumed.busy - following)) if following < assumed.busy else inf,
        "cores of MongoDB's primaries": primaries,
        "MongoDB shards": ceil(primaries / (assumed.mongod_cores * assumed.busy)),
        "RabbitMQ nodes": max(_LEAST_NODES, ceil(used["RabbitMQ"] / (assumed.broker_cores * assumed.busy))),
        "Gbit/s through RabbitMQ": events * model.message * (1 + 3 * assumed.copies_of_an_event) * 8 / 1e9,
        "Redis primaries": ceil(redis / assumed.busy),
        "GiB in Redis": memory,
        "TB of disk a day": disk / 1000,
        "cores to rent, without the following": cores,
        "USD a month, running": _HOURS_A_MONTH * hourly,
        "USD a month, for each month's disk": _DAYS_A_MONTH * disk * assumed.gigabyte_month,
        "commands a second on the favourite product": rate * model.favourite,
        "commands a second that one stream takes": model.stream,
    }


def _projectors(model: Model, assumed: Assumptions, rate: float) -> int:
    return ceil(rate * model.events * model.projector / 1e6 / assumed.busy)


def _partitions(model: Model, assumed: Assumptions, rate: float) -> int:
    by_races = ceil(rate * model.events * model.busiest_category / assumed.events_a_log)
    by_replicas = ceil(_projectors(model, assumed, rate) * assumed.logs_a_projector / assumed.busy_categories)
    return max(_LEAST_PARTITIONS, by_races, by_replicas)
