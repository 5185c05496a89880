"""Counts by quarter of an hour, in UTC: days of any time zone are sums of them, as every zone is off by whole quarters.

In a part of a month (`YYYY-MM`, UTC) a count stands at `<day>.<hour and minute>`: `05.0915`. Parts that were written
before, and are in service until they are built anew, have one number a day: `05`.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

_MINUTES = 15


def quarter_of(at: datetime) -> tuple[str, str]:
    """The month that a moment belongs to, and its path there."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m}", f"{at:%d.%H}{at.minute // _MINUTES * _MINUTES:02}"


def counts_of(month: str, days: Mapping[str, int | Mapping[str, int]]) -> Iterator[tuple[datetime, int]]:
    """When, and how many; a day's number of the older form counts at noon."""
    first = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
    for day, counts in days.items():
        midnight = first + timedelta(days=int(day) - 1)
        if isinstance(counts, int):
            yield midnight + timedelta(hours=12), counts
            continue
        for quarter, count in counts.items():
            yield midnight + timedelta(hours=int(quarter[:2]), minutes=int(quarter[2:])), count
