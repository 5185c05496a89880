"""What so many commands a second need, by the measured costs: processors, logs, servers, disk, money.

The cost of an event falls with the number of events that are handled at once: item + batch / n. The measured loads
give item and batch; how many events are at once follows from how many a second come to one log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf

from bench.model.caught_up import PARTITIONS
from bench.model.costs_shown import message_bytes
from bench.model.probe import COMMAND, OTHER, PROJECTOR, QUERY
from bench.results import Kept

Costs = Kept


@dataclass(frozen=True)
class Assumptions:
    """What was not measured here; the values are in bench/scaling.py. Prices are in US dollars."""

    queries_a_command: float
    busy: float
    """Share of a core that a process may use, so that latencies stay short."""
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
class Line:
    """item + batch / n, in µs of an event."""

    item: float
    batch: float

    def at(self, together: float) -> float:
        """Of one event of so many that are handled at once."""
        return self.item + self.batch / together


def line(points: Sequence[tuple[float, float]]) -> Line:
    """Through (events at once, µs of one), by least squares in 1 / n; neither part is below zero."""
    if len(points) == 1:
        return Line(points[0][1], 0.0)
    shares = [1 / together for together, _ in points]
    middle, mean = sum(shares) / len(points), sum(us for _, us in points) / len(points)
    spread = sum((share - middle) ** 2 for share in shares)
    batch = sum((share - middle) * (us - mean) for share, (_, us) in zip(shares, points, strict=True)) / spread
    batch = min(max(0.0, batch), mean / middle)
    return Line(mean - batch * middle, batch)


def of_events(costs: Costs, name: str, process: str, at_once: str, to: str | None = None) -> Line:
    """The line of one process through all loads of this name; `at_once` says by which batches."""
    loads = [load["medians"] for load in costs["loads"] if load["name"] == name and to in (None, load["to"])]
    return line([(of[at_once], max(0.0, of[f"us {process}"]) / of["events"]) for of in loads])


@dataclass(frozen=True)
class Model:
    """The measured costs in the form that the calculation takes them in; all in µs of CPU."""

    events: float
    """Events that follow from one command of the shop's mix."""
    busiest_category: float
    """The share of them that the logs of one category get."""
    command: float
    """Taking one command, with fulfilment and relaying, at the highest rate that was measured."""
    relaying: Line
    """Of these, the relay's part, for an event."""
    projector: Line
    mongod: Line
    redis: Line
    rabbitmq: Line
    following: Line
    """What each query replica spends on an event to know how far the views are."""
    query: Mapping[str, float]
    """Process -> one query of the shop's mix."""
    transaction_ms: float
    message_ms: float
    """Of one log: from one batch of the projector, or of the relay, to the next while events wait."""
    message: float
    log: float
    views: float
    copy: float
    """Bytes of one event in a message; in the log and in the views, on disk with indexes; in Redis."""
    stream: float
    """Commands a second that one stream takes."""
    favourite: float
    """Commands on the product that is wanted most, for each command of the shop's mix."""


def model_of(costs: Costs, ticket: str, mixed: str, shares: Mapping[str, float], favourite: float) -> Model:
    """From what `make bench NAME=costs` has kept; `shares` are those of the kinds of queries."""
    busiest = max((load for load in costs["loads"] if load["name"] == mixed), key=lambda load: load["rate"])
    of = busiest["medians"]
    queries: dict[str, float] = {}
    for kind, share in shares.items():
        load = max((load for load in costs["loads"] if load["name"] == kind), key=lambda load: load["rate"])
        for process in (QUERY, "mongod", "Redis"):
            spent = max(0.0, load["medians"][f"us {process}"])
            queries[process] = queries.get(process, 0.0) + share * spent
    alone = max(
        (load for load in costs["loads"] if load["name"] == ticket and load["to"] == COMMAND),
        key=lambda load: load["rate"],
    )
    transaction, message = "events a transaction", "events a message"
    on_disk = {place: (kept["storage"] + kept["index"]) / kept["size"] for place, kept in costs["stored"].items()}
    return Model(
        events=of["events"],
        busiest_category=max(of[f"{category} events"] for category in costs["event bytes"]) / of["events"],
        command=of[f"us {COMMAND}"],
        relaying=of_events(costs, ticket, COMMAND, message, OTHER),
        projector=of_events(costs, mixed, PROJECTOR, transaction),
        mongod=of_events(costs, mixed, "mongod", transaction),
        redis=of_events(costs, mixed, "Redis", transaction),
        rabbitmq=of_events(costs, ticket, "RabbitMQ", message),
        following=of_events(costs, mixed, QUERY, transaction),
        query=queries,
        transaction_ms=1000 * alone["medians"][transaction] / (alone["rate"] / PARTITIONS),
        message_ms=1000 * alone["medians"][message] / (alone["rate"] / PARTITIONS),
        message=message_bytes(costs, busiest),
        log=of["bytes in log"] * on_disk["log"],
        views=of["bytes in views"] * on_disk["views"],
        copy=of["bytes in Redis"],
        stream=costs["one stream"],
        favourite=favourite,
    )


def needs(model: Model, assumed: Assumptions, rate: float, events_a_log: float) -> dict[str, float]:
    """What `rate` commands a second need when at most so many events a second come to one log; cores are those in use.

    What can't be had, however many there are, is infinite.
    """
    events, queries = rate * model.events, rate * assumed.queries_a_command
    partitions = max(4, ceil(events * model.busiest_category / events_a_log))
    of_a_log = events * model.busiest_category / partitions
    together = max(1.0, of_a_log * model.transaction_ms / 1000)
    a_message = max(1.0, of_a_log * model.message_ms / 1000)
    query_room = assumed.busy - events * model.following.at(together) / 1e6
    query_replicas = queries * model.query[QUERY] / 1e6 / query_room if query_room > 0 else inf
    primaries = (events * model.mongod.at(together) + queries * model.query["mongod"]) / 1e6
    brokers = assumed.quorum * events * model.rabbitmq.at(a_message) / 1e6
    redis = (events * model.redis.at(together) + queries * model.query["Redis"]) / 1e6
    used = {
        "command": rate * model.command / 1e6,
        "projector": events * model.projector.at(together) / 1e6,
        "query": queries * model.query[QUERY] / 1e6,
        "mongod": primaries * (1 + 2 * assumed.secondary),
        "RabbitMQ": brokers,
        "Redis": 2 * redis,
    }
    memory = events * model.copy * assumed.hot_hours * 3600 / 2**30
    disk = 3 * events * (model.log + model.views) * 86_400 / 1e9
    cores = sum(used.values()) / assumed.busy
    hourly = cores * assumed.core_hour + 2 * memory * assumed.gibibyte_memory_hour
    return {
        "events a second": events,
        "partitions a category": partitions,
        "events a transaction": together,
        "events a message": a_message,
        "command replicas": ceil(used["command"] / assumed.busy),
        "cores of the relay's leader": events * model.relaying.at(a_message) / 1e6,
        "projector replicas": ceil(used["projector"] / assumed.busy),
        "share of a query replica for following the views": events * model.following.at(together) / 1e6,
        "query replicas": query_replicas if query_replicas == inf else ceil(query_replicas),
        "MongoDB shards": ceil(primaries / (assumed.mongod_cores * assumed.busy)),
        "cores of MongoDB's primaries": primaries,
        "RabbitMQ nodes": max(3, ceil(brokers / (assumed.broker_cores * assumed.busy))),
        "Gbit/s through RabbitMQ": events * model.message * (1 + 3 * assumed.copies_of_an_event) * 8 / 1e9,
        "Redis primaries": ceil(redis / assumed.busy),
        "GiB in Redis": memory,
        "TB of disk a day": disk / 1000,
        "commands a second on the favourite product": rate * model.favourite,
        "commands a second that one stream takes": model.stream,
        "cores to rent, without the following": cores,
        "USD a month, running": 730 * hourly,
        "USD a month, for each month's disk": 30 * disk * assumed.gigabyte_month,
    }
