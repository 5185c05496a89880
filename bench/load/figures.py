"""The figures of a load, second by second: latencies as HDR histograms, which add up exactly."""

from dataclasses import dataclass, field
from typing import Any

from hdrh.histogram import HdrHistogram

KINDS = ("command", "query", "lag")
_LONGEST = 60_000_000
_DIGITS = 3


def histogram() -> HdrHistogram:
    """A histogram of times in microseconds, up to a minute."""
    return HdrHistogram(1, _LONGEST, _DIGITS)


def record(into: HdrHistogram, seconds: float) -> None:
    """Add a time to a histogram."""
    into.record_value(max(1, min(_LONGEST, round(seconds * 1e6))))


def milliseconds(times: HdrHistogram, percentile: float) -> float:
    """The time that this percentage of the times does not exceed; 0 when the histogram is empty."""
    return float(times.get_value_at_percentile(percentile) / 1000 if times.total_count else 0.0)


@dataclass
class Second:
    """Latencies of the requests that were due in one second, or in several, and the refused and failed requests."""

    times: dict[str, HdrHistogram] = field(default_factory=lambda: {kind: histogram() for kind in KINDS})
    refused: int = 0
    failed: int = 0

    def add(self, other: "Second") -> None:
        """Add the figures of another process or another second."""
        for kind in KINDS:
            self.times[kind].add(other.times[kind])
        self.refused += other.refused
        self.failed += other.failed

    @property
    def answered(self) -> int:
        """The number of commands and queries with status 200 or 201."""
        return int(self.times["command"].total_count + self.times["query"].total_count)

    def as_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads."""
        encoded = {kind: self.times[kind].encode().decode() for kind in KINDS}
        return {"times": encoded, "refused": self.refused, "failed": self.failed}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Second":
        """A second from the data of `as_json`."""
        times = {kind: HdrHistogram.decode(content["times"][kind]) for kind in KINDS}
        return cls(times, content["refused"], content["failed"])
