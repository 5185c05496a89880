"""How evenly load spreads over logs and replicas: the hashes of the services, on made-up streams."""

import random
from collections.abc import Mapping, Sequence
from uuid import UUID

from twinpath.feed.rabbit_queue import priority
from twinpath.ids import log_of


def stream_names(count: int, chance: random.Random, category: str = "order") -> list[str]:
    """Ids in the form of aggregate ids, the same for the same `chance`."""
    return [f"{category}-{UUID(int=chance.getrandbits(128))}" for _ in range(count)]


def zipf(count: int, exponent: float) -> list[float]:
    """The shares of `count` streams, 1 in all: the n-th has 1 / n^exponent of the first share; 0 makes them equal."""
    sizes = [rank**-exponent for rank in range(1, count + 1)]
    whole = sum(sizes)
    return [size / whole for size in sizes]


def one_hot(count: int, share: float) -> list[float]:
    """The shares of `count` streams: the first has `share`, the others have the rest in equal parts."""
    return [share, *[(1 - share) / (count - 1)] * (count - 1)]


def loads_of_logs(streams: Sequence[str], shares: Sequence[float], partitions: int) -> dict[str, float]:
    """Log -> share of the load; a log without load has 0."""
    loads = {log_of(streams[0], 1).replace(".0", f".{partition}"): 0.0 for partition in range(partitions)}
    for stream, share in zip(streams, shares, strict=True):
        loads[log_of(stream, partitions)] += share
    return loads


def loads_of_replicas(loads: Mapping[str, float], replicas: Sequence[str], group: str = "views") -> dict[str, float]:
    """Replica of the group -> share of the load, by the logs whose queues the replica consumes."""
    shared = dict.fromkeys(replicas, 0.0)
    for log, load in loads.items():
        queue = f"twinpath.{group}.{log}"
        shared[max(replicas, key=lambda replica: priority(replica, queue))] += load
    return shared


def unevenness(loads: Mapping[str, float]) -> float:
    """The largest load / the mean load: 1 is even, 2 means that the busiest has twice its fair share."""
    return max(loads.values()) / (sum(loads.values()) / len(loads))
