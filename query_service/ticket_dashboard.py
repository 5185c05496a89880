"""The support desk's dashboard: read in parts a log, added up here."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.read_models.ticket_dashboard import TICKET_DASHBOARD, TicketDashboard, median_seconds, month_id, total_id
from twinpath.domain import Dashboard, Document, Reads, View

DAYS = 30

Parts = Mapping[str, Document]
"""Id -> part, as the view describes them; one that is missing has counted nothing yet."""


async def parts_of(view: View, logs: Sequence[str], reads: Reads) -> tuple[list[datetime], Parts]:
    """The days that a dashboard shows, newest first, and the parts that it needs for them. Raises Unavailable."""
    days = [reads.now - timedelta(days=ago) for ago in range(DAYS)]
    months = sorted({f"{day:%Y-%m}" for day in days})
    ids = [*map(total_id, logs), *(month_id(month, log) for month in months for log in logs)]
    return days, await reads.documents(view, ids)


async def _desk(reads: Reads) -> Mapping[str, Any]:
    """A TicketDashboard: the sums over the parts of every log."""
    logs = await reads.logs()
    days, parts = await parts_of(TICKET_DASHBOARD, logs, reads)
    totals = [parts.get(total_id(log), {}) for log in logs]
    statuses = _added(total.get("by_status", {}) for total in totals)
    return {
        "by_status": {status: statuses.get(status, 0) for status in ("open", "triaged", "closed")},
        "days": [_day(day, logs, parts) for day in days],
        "median_hours_to_triage": _hours(totals, "triage"),
        "median_hours_to_close": _hours(totals, "close"),
    }


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


DESK = Dashboard(
    "/tickets/dashboard",
    (TICKET_DASHBOARD,),
    _desk,
    TicketDashboard,
    {
        "by_status": {"open": 2, "triaged": 1, "closed": 5},
        "days": [{"day": "2026-01-05", "opened": 3, "closed": 1}],
        "median_hours_to_triage": 0.17,
        "median_hours_to_close": 26.4,
    },
    allow="tickets:read",
    summary="How the support desk is doing",
    description="Counts by status, opened and closed on each of the last 30 days (UTC), median hours to triage and to"
    " close.",
)
