"""The report over ticket_steps."""

from datetime import date

from pydantic import BaseModel

from query_service.analytics.spans import SETTINGS, WITHIN, ByInterval, begin_of
from twinpath.domain import Report


class TicketsRow(BaseModel):
    """How many tickets were opened, triaged, closed then, and how long these had taken since they were opened."""

    begins: date
    opened: int
    triaged: int
    closed: int
    median_seconds_to_triage: float | None
    p90_seconds_to_triage: float | None
    median_seconds_to_close: float | None
    p90_seconds_to_close: float | None


def _tickets(asked: ByInterval, as_text: bool) -> tuple[str, dict[str, object]]:
    sql = f"""
        SELECT {begin_of(asked.interval)} AS begins, countIf(step = 'opened') AS opened,
            countIf(step = 'triaged') AS triaged, countIf(step = 'closed') AS closed,
            quantileIf(0.5)(seconds, step = 'triaged') AS median_seconds_to_triage,
            quantileIf(0.9)(seconds, step = 'triaged') AS p90_seconds_to_triage,
            quantileIf(0.5)(seconds, step = 'closed') AS median_seconds_to_close,
            quantileIf(0.9)(seconds, step = 'closed') AS p90_seconds_to_close
        FROM {{facts}}.ticket_steps_rows FINAL PREWHERE line > 0 AND {WITHIN}
        GROUP BY begins ORDER BY begins
        {SETTINGS}
    """
    return sql, {}


TICKETS = Report(
    "/analytics/tickets",
    ("ticket_steps",),
    ByInterval,
    _tickets,
    TicketsRow,
    {
        "begins": "2026-01-05",
        "opened": 4,
        "triaged": 3,
        "closed": 3,
        "median_seconds_to_triage": 600.0,
        "p90_seconds_to_triage": 3600.0,
        "median_seconds_to_close": 7200.0,
        "p90_seconds_to_close": 86400.0,
    },
    allow="analytics:read",
    summary="The support desk by time",
    description="By day, week or month; the times are estimates.",
)
