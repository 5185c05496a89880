"""Computes how evenly load spreads over logs and replicas, and the cost of a hot stream and of shared logs.

No server runs. The hashes are those of the services; the time of an insert is measured by `make bench NAME=costs`.
"""

import random
import statistics
from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple

from bench.model import costs
from bench.model.batch_time import BatchTime, fitted
from bench.model.evenness import loads_of_logs, loads_of_replicas, one_hot, stream_names, unevenness, zipf
from bench.model.one_log import one_writer, several_writers, share_within
from bench.run import Run

NAME = "simulation"
EXPONENTS, HOT_SHARES = (0.0, 0.4, 0.8, 1.0, 1.2), (0.01, 0.05, 0.1, 0.2)
PARTITIONS, REPLICAS = (4, 8, 16, 32, 64, 128, 256), (2, 4, 8, 16, 32, 64)
HOT_RATES, OTHERS_RATE = (10, 50, 100, 150, 200, 250, 300, 400), 1_000
SHARED_RATES, WRITERS = (100, 300, 1_000), (1, 2, 4, 8, 16, 32, 64)
ROUND_TRIP_MS = 0.5
"""The time of a read by key in MongoDB; assumed."""
_STREAMS = 100_000
_MILLISECONDS = 20_000.0


class Point(NamedTuple):
    """A result of one seed: the table it belongs to, the input and the output."""

    table: str
    given: Mapping[str, float]
    result: Mapping[str, float]


def measure(run: Run) -> None:
    """Every round has a seed of its own; the median and the maximum of every point are kept."""
    measured = costs.latest_costs(run.sizes)
    batch, think = fitted(measured["batches"]), costs.taking_ms(measured)
    points: dict[tuple[str, tuple[float, ...]], list[Point]] = {}
    for seed in run.rounds():
        chance = random.Random(seed)
        for point in (*logs(chance), *replicas(chance), *hot_stream(batch, think, chance), *shared_log(batch, chance)):
            points.setdefault((point.table, tuple(point.given.values())), []).append(point)
    tables: dict[str, list[dict[str, float]]] = {}
    for (table, _), group in points.items():
        tables.setdefault(table, []).append(merged(group))
    used = {"base_ms": batch.base_ms, "ms_per_commit": batch.ms_per_commit, "think_ms": think}
    run.keep(NAME, {**tables, **used, "measured": measured["shared log"]})


def merged(points: list[Point]) -> dict[str, float]:
    """The input, and for every output the median and, as `most …`, the maximum."""
    outputs = {name: [point.result[name] for point in points] for name in points[0].result}
    return {
        **points[0].given,
        **{name: statistics.median(values) for name, values in outputs.items()},
        **{f"most {name}": max(values) for name, values in outputs.items()},
    }


def logs(chance: random.Random) -> Iterator[Point]:
    """The busiest log / the mean of all logs, for skewed streams and for a hot stream."""
    streams = stream_names(_STREAMS, chance)
    skewed = [("logs", "exponent", exponent, zipf(_STREAMS, exponent)) for exponent in EXPONENTS]
    hot = [("hot logs", "share", share, one_hot(_STREAMS, share)) for share in HOT_SHARES]
    for (table, name, value, shares), partitions in product((*skewed, *hot), PARTITIONS):
        busiest = unevenness(loads_of_logs(streams, shares, partitions))
        yield Point(table, {name: value, "partitions": partitions}, {"busiest": busiest})


def replicas(chance: random.Random) -> Iterator[Point]:
    """The busiest replica / the mean of all replicas, when every log has the same load."""
    for partitions, count in product(PARTITIONS, REPLICAS):
        names = stream_names(count, chance, "replica")
        loads = {f"order.{partition}": 1.0 for partition in range(partitions)}
        replica_loads = loads_of_replicas(loads, names)
        idle = sum(not load for load in replica_loads.values()) / count
        given = {"partitions": partitions, "replicas": count}
        yield Point("replicas", given, {"busiest": unevenness(replica_loads), "idle": idle})


def hot_stream(batch: BatchTime, think: float, chance: random.Random) -> Iterator[Point]:
    """A log with other streams at OTHERS_RATE and a hot stream: latencies, and the throughput of the hot stream."""
    for rate in HOT_RATES:
        waits = one_writer(batch, think, OTHERS_RATE, rate, _MILLISECONDS, chance)
        result = {
            "others p50": share_within(waits.others, 0.5),
            "others p99": share_within(waits.others, 0.99),
            "hot p50": share_within(waits.hot, 0.5),
            "hot p99": share_within(waits.hot, 0.99),
            "hot rate": 1000 * len(waits.hot) / _MILLISECONDS,
        }
        yield Point("hot", {"rate": rate}, result)


def shared_log(batch: BatchTime, chance: random.Random) -> Iterator[Point]:
    """A log that several replicas write: latencies, and lost races for every insert that succeeds."""
    for rate, writers in product(SHARED_RATES, WRITERS):
        waits, lost = several_writers(batch, ROUND_TRIP_MS, rate, writers, _MILLISECONDS, chance)
        result = {"p50": share_within(waits, 0.5), "p99": share_within(waits, 0.99), "lost": lost}
        yield Point("shared", {"rate": rate, "writers": writers}, result)
