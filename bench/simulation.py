"""How evenly load spreads over logs and replicas, and what a hot stream and shared logs cost: computed, no server.

The hashes are those of the services. How long an insert takes is what `make bench NAME=costs` has measured.
"""

import random
import statistics
from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple

from bench import costs
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
"""Of a read by key in MongoDB; assumed."""
_STREAMS = 100_000
_MILLISECONDS = 20_000.0


class Point(NamedTuple):
    """One result of one seed: which table it belongs to, what was given, what came out."""

    table: str
    given: Mapping[str, float]
    found: Mapping[str, float]


def measure(run: Run) -> None:
    """A round is another seed; of each point the median and the most of all rounds are kept."""
    known = costs.known(run.sizes)
    batch, think = fitted(known["batches"]), costs.taking_ms(known)
    points: dict[tuple[str, tuple[float, ...]], list[Point]] = {}
    for seed in run.rounds():
        chance = random.Random(seed)
        for point in (*logs(chance), *replicas(chance), *hot_stream(batch, think, chance), *shared_log(batch, chance)):
            points.setdefault((point.table, tuple(point.given.values())), []).append(point)
    tables: dict[str, list[dict[str, float]]] = {}
    for (table, _), of in points.items():
        tables.setdefault(table, []).append(merged(of))
    used = {"base_ms": batch.base_ms, "ms_per_commit": batch.ms_per_commit, "think_ms": think}
    run.keep(NAME, {**tables, **used, "measured": known["shared log"]})


def merged(points: list[Point]) -> dict[str, float]:
    """What was given; of each thing found the median, and as `most …` the most."""
    values = {name: [point.found[name] for point in points] for name in points[0].found}
    return {
        **points[0].given,
        **{name: statistics.median(of) for name, of in values.items()},
        **{f"most {name}": max(of) for name, of in values.items()},
    }


def logs(chance: random.Random) -> Iterator[Point]:
    """The busiest log by the mean of all, for skewed streams and for one hot one."""
    streams = stream_names(_STREAMS, chance)
    skewed = [("logs", "exponent", exponent, zipf(_STREAMS, exponent)) for exponent in EXPONENTS]
    hot = [("hot logs", "share", share, one_hot(_STREAMS, share)) for share in HOT_SHARES]
    for (table, name, value, shares), partitions in product((*skewed, *hot), PARTITIONS):
        busiest = unevenness(loads_of_logs(streams, shares, partitions))
        yield Point(table, {name: value, "partitions": partitions}, {"busiest": busiest})


def replicas(chance: random.Random) -> Iterator[Point]:
    """The busiest replica by the mean of all, when every log has the same load."""
    for partitions, count in product(PARTITIONS, REPLICAS):
        names = stream_names(count, chance, "replica")
        loads = {f"order.{partition}": 1.0 for partition in range(partitions)}
        of_replicas = loads_of_replicas(loads, names)
        idle = sum(not load for load in of_replicas.values()) / count
        given = {"partitions": partitions, "replicas": count}
        yield Point("replicas", given, {"busiest": unevenness(of_replicas), "idle": idle})


def hot_stream(batch: BatchTime, think: float, chance: random.Random) -> Iterator[Point]:
    """A log with others at OTHERS_RATE and one hot stream: latencies, and what the hot one gets through."""
    for rate in HOT_RATES:
        of = one_writer(batch, think, OTHERS_RATE, rate, _MILLISECONDS, chance)
        found = {
            "others p50": share_within(of.others, 0.5),
            "others p99": share_within(of.others, 0.99),
            "hot p50": share_within(of.hot, 0.5),
            "hot p99": share_within(of.hot, 0.99),
            "hot rate": 1000 * len(of.hot) / _MILLISECONDS,
        }
        yield Point("hot", {"rate": rate}, found)


def shared_log(batch: BatchTime, chance: random.Random) -> Iterator[Point]:
    """A log that several replicas write: latencies, and races lost for each insert that stands."""
    for rate, writers in product(SHARED_RATES, WRITERS):
        waits, lost = several_writers(batch, ROUND_TRIP_MS, rate, writers, _MILLISECONDS, chance)
        found = {"p50": share_within(waits, 0.5), "p99": share_within(waits, 0.99), "lost": lost}
        yield Point("shared", {"rate": rate, "writers": writers}, found)
