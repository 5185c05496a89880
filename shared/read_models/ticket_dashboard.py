"""ticket_dashboard: how the support desk is doing, kept in parts a log so that no two logs write one document.

Two kinds of part: `total/<log>` holds `by_status` counts and the two sketches `triage` and `close`; `<YYYY-MM>/<log>`
holds `opened` and `closed`, each with counts by quarter of an hour (quarters.py). A sketch is a histogram whose buckets
grow by a constant factor (DDSketch: Masson, Rim and Lee, VLDB 2019): sketches add up, and a median read from the sum is
within 1 % of the true one.
"""

import math
from collections.abc import Mapping
from datetime import date

from pydantic import BaseModel

from twinpath.domain import View

RELATIVE_ERROR = 0.01
_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)


def bucket_of(seconds: float) -> str:
    """The sketch's bucket for a duration; below a millisecond it is `0`."""
    return "0" if seconds < 0.001 else str(math.ceil(math.log(seconds / 0.001, _GAMMA)) + 1)


def median_seconds(sketch: Mapping[str, int]) -> float | None:
    """The (lower) median of what a sketch has counted, within 1 %; None of an empty one."""
    total = sum(sketch.values())
    seen = 0
    for bucket in sorted(sketch, key=int):
        seen += sketch[bucket]
        if seen * 2 >= total:
            return 0.0 if bucket == "0" else 0.001 * 2 * _GAMMA ** (int(bucket) - 1) / (_GAMMA + 1)
    return None


def total_id(log: str) -> str:
    """Id of the part with one log's totals."""
    return f"total/{log}"


def month_id(month: str, log: str) -> str:
    """Id of the part with one month (`YYYY-MM`) of one log."""
    return f"{month}/{log}"


class DayCounts(BaseModel):
    """Tickets opened and closed on one day of the shop's time zone."""

    day: date
    opened: int
    closed: int


class TicketDashboard(BaseModel):
    """Counts by status, the last 30 days, and the median hours from opening to triage and to close (within 1 %)."""

    by_status: dict[str, int]
    days: list[DayCounts]
    median_hours_to_triage: float | None
    median_hours_to_close: float | None


TICKET_DASHBOARD = View("ticket_dashboard", copy=True)
