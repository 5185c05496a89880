"""The support desk's dashboard: read in parts a log, added up here."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import orjson

from shared.read_models.ticket_dashboard import TICKET_DASHBOARD, median_seconds, month_id, total_id
from twinpath.clock import Clock, utc_now
from twinpath.domain.views import Document
from twinpath.queries.reading.fast_copy import FastCopy
from twinpath.views.interface import ViewReader

DAYS = 30

Parts = Mapping[str, Document]
"""Id -> part, as TICKET_DASHBOARD describes them; one that is missing has counted nothing yet."""


class DashboardQueries:
    """Reads the parts. `fresh` reads past the cache, which may trail the view's checkpoint."""

    def __init__(self, reader: ViewReader, cache: FastCopy, clock: Clock = utc_now) -> None:
        self._reader = reader
        self._cache = cache
        self._clock = clock

    async def parts(self, logs: Sequence[str], fresh: bool = False) -> dict[str, Document]:
        """Every part of these logs that the dashboard of today needs. Raises Unavailable."""
        months = sorted({f"{day:%Y-%m}" for day in self._days()})
        ids = [*map(total_id, logs), *(month_id(month, log) for month in months for log in logs)]
        cached = [] if fresh else await self._cache.get_many(TICKET_DASHBOARD.name, ids)
        parts = {part.id: orjson.loads(part.body) for part in cached if part is not None}
        if missing := [part_id for part_id in ids if part_id not in parts]:
            found = await self._reader.documents(TICKET_DASHBOARD.name, missing)
            parts |= {document["_id"]: document for document in found}
        return parts

    def body(self, parts: Parts, logs: Sequence[str]) -> bytes:
        """A TicketDashboard, ready to send: the sums over the parts of these logs; days are newest first."""
        totals = [parts.get(total_id(log), {}) for log in logs]
        statuses = _added(total.get("by_status", {}) for total in totals)
        dashboard = {
            "by_status": {status: statuses.get(status, 0) for status in ("open", "triaged", "closed")},
            "days": [_day(day, logs, parts) for day in self._days()],
            "median_hours_to_triage": _hours(totals, "triage"),
            "median_hours_to_close": _hours(totals, "close"),
        }
        return orjson.dumps(dashboard)

    def _days(self) -> list[datetime]:
        today = self._clock().astimezone(UTC)
        return [today - timedelta(days=ago) for ago in range(DAYS)]


def _day(day: datetime, logs: Sequence[str], parts: Parts) -> Document:
    months = [parts.get(month_id(f"{day:%Y-%m}", log), {}) for log in logs]
    counted = {what: sum(month.get(what, {}).get(f"{day:%d}", 0) for month in months) for what in ("opened", "closed")}
    return {"day": f"{day:%Y-%m-%d}", **counted}


def _hours(totals: Sequence[Document], sketch: str) -> float | None:
    seconds = median_seconds(_added(total.get(sketch, {}) for total in totals))
    return None if seconds is None else round(seconds / 3600, 6)


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in counts:
        for name, number in part.items():
            total[name] = total.get(name, 0) + number
    return total
