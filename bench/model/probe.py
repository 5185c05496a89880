"""Puts a load on, and measures the use of every process beyond its use when idle."""

import statistics
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families
from pymongo import MongoClient
from redis import Redis

from bench.measuring import Servers
from bench.model import stored
from bench.model.caught_up import Client, wait_until_caught_up
from bench.model.used import Used, used_by
from bench.services.open_load import Outcome, open_load
from deploy.local.services import Service

COMMAND, OTHER, PROJECTOR, QUERY = "command service", "another command service", "projector", "query service"
PROCESSES = (COMMAND, OTHER, PROJECTOR, QUERY, "mongod", "RabbitMQ", "Redis")
_CONNECTIONS = 200
_WARMING_SECONDS, _SETTLING_SECONDS = 1.0, 1.0
_BATCHES = {
    "commits an insert": ("twinpath_append_batch_commits_sum", "twinpath_append_batch_commits_count"),
    "events a message": ("twinpath_relay_events_total", "twinpath_relay_publish_duration_seconds_count"),
    "events a transaction": (
        "twinpath_projector_batch_events_sum",
        "twinpath_projector_transaction_duration_seconds_count",
    ),
}
"""Name -> (numerator, denominator), both metrics of the services."""


@dataclass
class Load:
    """A kind of request at a rate; `measured` has a value a round for every measurement."""

    name: str
    to: str
    rate: float
    requests: Sequence[bytes]
    held_back: str = ""
    """A process that is paused until all requests are answered, so that it then works in large batches."""
    measured: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def note(self, values: Mapping[str, float]) -> None:
        """Add a value to every measurement."""
        for name, value in values.items():
            self.measured[name].append(value)

    def as_json(self) -> dict[str, Any]:
        """The medians and the rounds, as results keep them."""
        medians = {name: statistics.median(values) for name, values in self.measured.items()}
        load = {"name": self.name, "to": self.to, "rate": self.rate, "held_back": self.held_back}
        return {**load, "medians": medians, "rounds": dict(self.measured)}


@dataclass(frozen=True)
class _State:
    """All counters at one moment."""

    at: float
    used: Mapping[str, Used]
    events: Mapping[str, int]
    counted: Mapping[str, float]
    kept: Mapping[str, float]


class Probe:
    """Measures the servers and the services, which are named as in PROCESSES; must be closed."""

    def __init__(self, started: Servers, services: Mapping[str, Service]) -> None:
        self._services = services
        self._sessions = {name: process.pid for name, process in {**started.processes, **services}.items()}
        self.client: Client = MongoClient(started.mongodb)
        self._redis = Redis.from_url(started.redis)
        self.idle: dict[str, list[float]] = {name: [] for name in PROCESSES}
        """CPU seconds a second of every process when idle, a value a rest."""

    def close(self) -> None:
        """Close the connections."""
        self.client.close()
        self._redis.close()

    def rest(self, seconds: float) -> None:
        """Measure the use when idle; a load is charged the use beyond the median of all rests."""
        wait_until_caught_up(self.client)
        time.sleep(_SETTLING_SECONDS)
        before, began = used_by(self._sessions), time.perf_counter()
        time.sleep(seconds)
        took = time.perf_counter() - began
        for name, used in used_by(self._sessions).items():
            self.idle[name].append((used - before[name]).cpu_seconds / took)

    def warm(self, load: Load) -> None:
        """Send every request once, so that the measurement meets warm caches."""
        self._put_on(load, _WARMING_SECONDS)
        wait_until_caught_up(self.client)

    def play(self, load: Load, seconds: float) -> Outcome:
        """Put the load on, wait until every follower has caught up, and note the cost of a request.

        Raises:
            RuntimeError: a request failed, or none was answered.
        """
        before = self._state()
        outcome = self._put_on(load, seconds)
        now = self._state()
        took, done = now.at - before.at, outcome.accepted
        used = {name: use - before.used[name] for name, use in now.used.items()}
        idle = {name: statistics.median(shares) for name, shares in self.idle.items()}
        load.note({f"us {name}": 1e6 * (use.cpu_seconds - idle[name] * took) / done for name, use in used.items()})
        load.note({"p50": outcome.p50, "p99": outcome.p99, "refused": outcome.refused})
        if load.to != QUERY:
            load.note({f"written by {name}": use.written / done for name, use in used.items() if use.written})
            load.note(_event_figures(before, now, done))
        return outcome

    def _put_on(self, load: Load, seconds: float) -> Outcome:
        held = self._services.get(load.held_back)
        if held is not None:
            held.pause()
        try:
            outcome = open_load(self._services[load.to].url, load.rate, seconds, _CONNECTIONS, load.requests)
        finally:
            if held is not None:
                held.resume()
        if outcome.failed or not outcome.accepted:
            raise RuntimeError(f"{load.name}: {outcome.failed} failed, {outcome.accepted} were answered")
        return outcome

    def _state(self) -> _State:
        events = wait_until_caught_up(self.client)
        used, at = used_by(self._sessions), time.perf_counter()
        counted: defaultdict[str, float] = defaultdict(float)
        for name in (COMMAND, OTHER, PROJECTOR):
            text = httpx.get(f"{self._services[name].url}/metrics", timeout=10).raise_for_status().text
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if sample.labels.get("group", "views") == "views":
                        counted[sample.name] += sample.value
        kept = {
            "log": stored.log_bytes(self.client),
            "views": stored.view_bytes(self.client),
            "Redis": stored.redis_bytes(self._redis),
        }
        return _State(at, used, events, counted, kept)


def _event_figures(before: _State, now: _State, requests: int) -> dict[str, float]:
    """Events a request, bytes an event, and the sizes of batches."""
    events = {category: count - before.events[category] for category, count in now.events.items()}
    total = sum(events.values())

    def grown(name: str) -> float:
        return now.counted.get(name, 0.0) - before.counted.get(name, 0.0)

    return {
        "events": total / requests,
        **{f"{category} events": count / requests for category, count in events.items()},
        **{f"bytes in {place}": (now.kept[place] - before.kept[place]) / total for place in now.kept},
        **{name: grown(part) / max(1.0, grown(whole)) for name, (part, whole) in _BATCHES.items()},
    }
