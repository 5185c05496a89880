"""The needs of many commands a second by the measured costs: processors, logs, servers, disk, money."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf

from bench.model.probe import COMMAND, OTHER, PROJECTOR, QUERY
from bench.model.sections.costs import message_bytes
from bench.results import Kept

_LEAST_NODES, _LEAST_PARTITIONS = 3, 4
_HOURS_A_MONTH, _DAYS_A_MONTH = 730, 30
MEASURED, LARGE_BATCHES = "as measured at the highest rate", "in batches as large as they get"


@dataclass(frozen=True)
class Assumptions:
    """The values that are not measured; bench/model/scaling.py sets them. Prices are in US dollars."""

    queries_a_command: float
    busy: float
    """Share of a core that a process may use, so that latencies stay short."""
    events_a_log: float
    """Events a second in a log of the busiest category, so that command services that share it rarely race."""
    logs_a_projector: float
    """So many that the hash spreads them about evenly."""
    busy_categories: float
    """How many of the four categories have most of the events."""
    mongod_cores: int
    """Cores of a member of a replica set, which has three members."""
    secondary: float
    """CPU of a secondary / CPU of the primary."""
    broker_cores: int
    quorum: float
    """CPU of quorum queues on three nodes / CPU on one node."""
    copies_of_an_event: float
    """Queues that an event goes to: of views, of outside events, and for some events of fulfilment."""
    hot_hours: float
    """Redis holds the documents that changed in so many hours."""
    core_hour: float
    gibibyte_memory_hour: float
    gigabyte_month: float


@dataclass(frozen=True)
class Model:
    """The measured costs in the form of the calculation; times are µs of CPU."""

    events: float
    """Events that follow from a command of the shop's mix."""
    busiest_category: float
    """The share of the events that the busiest category gets."""
    command: float
    """Taking one command, with fulfilment and relaying."""
    relaying: float
    """The part of the relay in it, for an event."""
    projector: float
    mongod: float
    redis: float
    rabbitmq: float
    following: float
    """For an event; `following` is the time with which a query replica follows the checkpoints of the views."""
    query: Mapping[str, float]
    """Process -> the cost of a query of the shop's mix."""
    message: float
    log: float
    views: float
    copy: float
    """Bytes of an event: in a message; in the log and in the views, on disk with indexes; in Redis."""
    stream: float
    """The highest rate of commands on a stream, a second."""
    favourite: float
    """Commands on the favourite product, for a command of the shop's mix."""


def models_of(costs: Kept, ticket: str, mixed: str, shares: Mapping[str, float], favourite: float) -> dict[str, Model]:
    """The models MEASURED and LARGE_BATCHES from the costs; `shares` are the shares of the kinds of query."""
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
    """A model from a load of the mix, a load that shows the relay alone, and, for sizes, a load with nothing held."""
    medians, sizes = load["medians"], plain["medians"]
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
        projector=medians[f"us {PROJECTOR}"] / medians["events"],
        mongod=medians["us mongod"] / medians["events"],
        redis=max(0.0, medians["us Redis"]) / medians["events"],
        rabbitmq=relay["medians"]["us RabbitMQ"] / relay["medians"]["events"],
        following=max(0.0, medians[f"us {QUERY}"]) / medians["events"],
        query=queries,
        message=message_bytes(costs, plain),
        log=sizes["bytes in log"] * on_disk["log"],
        views=sizes["bytes in views"] * on_disk["views"],
        copy=sizes["bytes in Redis"],
        stream=costs["one stream"],
        favourite=favourite,
    )


def needs(model: Model, assumed: Assumptions, rate: float) -> dict[str, float]:
    """The needs of `rate` commands a second; cores are cores in use, and an impossible need is infinite."""
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
