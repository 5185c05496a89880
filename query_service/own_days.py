"""The days that dashboards show: those of the shop's own time zone, also where summer time begins or ends."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from shared.read_models.quarters import counts_of
from shared.read_models.ticket_dashboard import month_id, total_id
from twinpath.domain import Document, Reads, View

SHOWN = 30


class OwnDays:
    """The last days, newest first, each from midnight to midnight of a time zone."""

    def __init__(self, now: datetime, zone: Any) -> None:
        today = now.astimezone(zone).date()
        self.days = [today - timedelta(days=ago) for ago in range(SHOWN)]
        self._oldest_first = self.days[::-1]
        self._begin = [datetime.combine(day, time(), zone).astimezone(UTC) for day in self._oldest_first]
        self._end = datetime.combine(today + timedelta(days=1), time(), zone).astimezone(UTC)

    @property
    def months(self) -> Sequence[str]:
        """The months in UTC that they touch."""
        hours = range(0, int((self._end - self._begin[0]).total_seconds()) // 3600, 24)
        moments = (*(self._begin[0] + timedelta(hours=hour) for hour in hours), self._end)
        return sorted({f"{moment:%Y-%m}" for moment in moments})

    def sums(self, counts: Iterable[tuple[datetime, int]]) -> Counter[date]:
        """How much was counted on each of the days."""
        sums: Counter[date] = Counter()
        for at, count in counts:
            if self._begin[0] <= at < self._end:
                sums[self._oldest_first[bisect_right(self._begin, at) - 1]] += count
        return sums


class Parts:
    """The parts of a dashboard's view, one or none of each kind a log."""

    def __init__(self, logs: Sequence[str], days: OwnDays, documents: Mapping[str, Document]) -> None:
        self.days = days
        self.totals = [documents[total_id(log)] for log in logs if total_id(log) in documents]
        ids = [(month, month_id(month, log)) for month in days.months for log in logs]
        self._months = [(month, documents[part]) for month, part in ids if part in documents]

    @classmethod
    async def read(cls, view: View, reads: Reads) -> "Parts":
        """Those that are needed for the last days. Raises Unavailable."""
        logs, days = await reads.logs(), OwnDays(reads.now, reads.zone)
        ids = [*map(total_id, logs), *(month_id(month, log) for month in days.months for log in logs)]
        return cls(logs, days, await reads.documents(view, ids))

    def by_day(self, *path: str) -> Counter[date]:
        """What the months have counted at a path, by day."""
        sums: Counter[date] = Counter()
        for month, part in self._months:
            counts: Any = part
            for name in path:
                counts = counts.get(name, {})
            sums.update(self.days.sums(counts_of(month, counts)))
        return sums
