"""The metrics of one process: plain numbers while it works, made into Prometheus families only when it is scraped.

A hot path adds to an int of its event loop's thread; prometheus-client's own counters take a lock and a lookup a call
and cost about ten times as much. Each app has its own registry, so that several apps can be in one process.
"""

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import TypeVar

import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of the buckets of a duration."""
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)
"""The upper bounds of the buckets of a batch's size."""
_LOOK_SECONDS = 2.0

Labels = tuple[str, ...]
Look = Callable[[], Awaitable[None]]
_log = structlog.get_logger(__name__)


class Family(Collector):
    """One metric with its labels: `name` as Prometheus shall know it, `meaning` its help text."""

    def __init__(self, name: str, meaning: str, labels: Labels) -> None:
        self.name = name
        self.meaning = meaning
        self.labels = labels

    def describe(self) -> Iterable[Metric]:
        """Its name and type, for the registry."""
        raise NotImplementedError


class Gauge(Family):
    """A state: set `values`, or let `read` tell them at each scrape."""

    _kind: type[GaugeMetricFamily | CounterMetricFamily] = GaugeMetricFamily

    def __init__(self, name: str, meaning: str, labels: Labels) -> None:
        super().__init__(name, meaning, labels)
        self.values: dict[Labels, float] = {}
        self.read: Callable[[], Mapping[Labels, float]] = lambda: self.values

    def describe(self) -> Iterable[Metric]:
        return [self._kind(self.name, self.meaning, labels=self.labels)]

    def collect(self) -> Iterable[Metric]:
        family = self._kind(self.name, self.meaning, labels=self.labels)
        for labels, value in self.read().items():
            family.add_metric(labels, value)
        yield family


class Counter(Gauge):
    """A number that only grows, as `count` says, or as `read` tells at each scrape."""

    _kind = CounterMetricFamily

    def count(self, labels: Labels, more: int = 1) -> None:
        """Add to it."""
        self.values[labels] = self.values.get(labels, 0) + more


class Histogram(Family):
    """Durations or sizes, counted in buckets up to each of `bounds`."""

    def __init__(self, name: str, meaning: str, labels: Labels, bounds: Sequence[float]) -> None:
        super().__init__(name, meaning, labels)
        self._bounds = tuple(bounds)
        self._ends = [f"{bound:g}" for bound in bounds] + ["+Inf"]
        self._by_labels: defaultdict[Labels, list[float]] = defaultdict(lambda: [0] * (len(self._ends) + 1))
        """The counts of the buckets, then the sum."""

    def observe(self, labels: Labels, value: float) -> None:
        """Count one value, in the unit of the name."""
        counted = self._by_labels[labels]
        counted[bisect_left(self._bounds, value)] += 1
        counted[-1] += value

    def describe(self) -> Iterable[Metric]:
        return [HistogramMetricFamily(self.name, self.meaning, labels=self.labels)]

    def collect(self) -> Iterable[Metric]:
        family = HistogramMetricFamily(self.name, self.meaning, labels=self.labels)
        for labels, (*counts, total) in self._by_labels.items():
            family.add_metric(labels, list(zip(self._ends, accumulate(counts), strict=True)), total)
        yield family


_Family = TypeVar("_Family", bound=Family)


class Metrics:
    """A registry, with what every process has: its CPU time, memory, files, garbage collection, event loop."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.families: list[Family] = []
        """Our own, in the order in which they are told."""
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.event_loop = self.histogram("twinpath_event_loop_lag_seconds", "How late the event loop wakes a sleeper")
        self._looks: list[Look] = []
        self._looking: asyncio.Future[list[None]] | None = None

    def counter(self, name: str, meaning: str, *labels: str) -> Counter:
        """A number that only grows; its name ends in `_total`."""
        return self._added(Counter(name, meaning, labels))

    def gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        """A state."""
        return self._added(Gauge(name, meaning, labels))

    def histogram(self, name: str, meaning: str, *labels: str, bounds: Sequence[float] = SECONDS) -> Histogram:
        """Durations in seconds, unless other bounds are given."""
        return self._added(Histogram(name, meaning, labels, bounds))

    def http_requests(self) -> Histogram:
        """Of a service with an API; HttpRequests observes it."""
        meaning = "Requests below /api/v1, until their answer begins"
        return self.histogram("twinpath_http_request_duration_seconds", meaning, "method", "route", "status")

    def feed_consumers(self) -> Gauge:
        """Of a service that follows the log."""
        meaning = "1 while the broker knows this replica's consumer of the log, else 0"
        return self.gauge("twinpath_feed_consumer_registered", meaning, "group", "log")

    def stuck_queues(self) -> Gauge:
        """Of a service that follows the log."""
        meaning = "1 while messages of the log do not come, as far as this replica can see, else 0"
        return self.gauge("twinpath_feed_queue_stuck", meaning, "group", "log")

    def queue_remedies(self) -> Counter:
        """Of a service that follows the log."""
        meaning = "Queues that delivered nothing and got a new consumer, a new connection, or were made anew (queue)"
        return self.counter("twinpath_feed_queue_remedies_total", meaning, "group", "remedy")

    def unreadable_messages(self) -> Counter:
        """Of a service that follows the log."""
        meaning = "Messages that could not be read and went to the queue twinpath.dead-letters"
        return self.counter("twinpath_feed_unreadable_messages_total", meaning, "group")

    def before_scrape(self, look: Look, *gauges: Gauge) -> None:
        """Have `look` set these gauges before each scrape; they are left out of it while it fails or takes too long."""

        async def guarded() -> None:
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await look()
            except Exception as error:  # whatever is wrong, the other metrics must be told
                _log.debug("metrics_left_out", metrics=[gauge.name for gauge in gauges], error=str(error))
                for gauge in gauges:
                    gauge.values = {}

        self._looks.append(guarded)

    async def exposition(self, accept: str) -> tuple[bytes, str]:
        """All metrics as text, and its content type, as the scraper's Accept header wants it.

        Scrapes at the same time share one look, so that however many come, the stores are asked once at a time.
        """
        if self._looking is None or self._looking.done():
            self._looking = asyncio.gather(*(look() for look in self._looks))
        await asyncio.shield(self._looking)
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    def _added(self, family: _Family) -> _Family:
        self.registry.register(family)
        self.families.append(family)
        return family
