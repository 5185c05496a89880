"""What a load came to, second by second: latencies as HDR histograms, which add up exactly."""

from dataclasses import dataclass, field
from typing import Any

from hdrh.histogram import HdrHistogram

KINDS = ("command", "query", "lag")
_LONGEST = 60_000_000
_DIGITS = 3


def histogram() -> HdrHistogram:
    """One of times in microseconds, up to a minute."""
    return HdrHistogram(1, _LONGEST, _DIGITS)


def record(into: HdrHistogram, seconds: float) -> None:
    """Count a time."""
    into.record_value(max(1, min(_LONGEST, round(seconds * 1e6))))


def milliseconds(of: HdrHistogram, percentile: float) -> float:
    """The time that so many per cent do not exceed; 0 when nothing was counted."""
    return float(of.get_value_at_percentile(percentile) / 1000 if of.total_count else 0.0)


@dataclass
class Second:
    """Times of what was due in one second, or in several, and what was not answered as it should be."""

    times: dict[str, HdrHistogram] = field(default_factory=lambda: {kind: histogram() for kind in KINDS})
    refused: int = 0
    failed: int = 0

    def add(self, other: "Second") -> None:
        """Count in what another process, or another second, has."""
        for kind in KINDS:
            self.times[kind].add(other.times[kind])
        self.refused += other.refused
        self.failed += other.failed

    @property
    def answered(self) -> int:
        """Commands and queries that were answered well."""
        return int(self.times["command"].total_count + self.times["query"].total_count)

    def as_json(self) -> dict[str, Any]:
        """To be read back by `from_json`."""
        encoded = {kind: self.times[kind].encode().decode() for kind in KINDS}
        return {"times": encoded, "refused": self.refused, "failed": self.failed}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Second":
        """What `as_json` gave."""
        times = {kind: HdrHistogram.decode(content["times"][kind]) for kind in KINDS}
        return cls(times, content["refused"], content["failed"])
