"""The support desk's dashboard: read in parts a log, added up here."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from query_service.own_days import Parts
from shared.read_models.ticket_dashboard import TICKET_DASHBOARD, TicketDashboard, median_seconds
from twinpath.domain import Dashboard, Document, Reads


async def _desk(reads: Reads) -> Mapping[str, Any]:
    """A TicketDashboard: the sums over the parts of every log."""
    parts = await Parts.read(TICKET_DASHBOARD, reads)
    statuses = _added(total.get("by_status", {}) for total in parts.totals)
    opened, closed = parts.by_day("opened"), parts.by_day("closed")
    return {
        "by_status": {status: statuses.get(status, 0) for status in ("open", "triaged", "closed")},
        "days": [{"day": str(day), "opened": opened[day], "closed": closed[day]} for day in parts.days.days],
        "median_hours_to_triage": _hours(parts.totals, "triage"),
        "median_hours_to_close": _hours(parts.totals, "close"),
    }


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
    allow="tickets:work",
    summary="How the support desk is doing",
    description="Counts by status, opened and closed on each of the last 30 days of the shop's time zone, median hours"
    " to triage and to close.",
)
