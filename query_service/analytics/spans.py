"""What the reports share: the rows of a span of time, and its days, weeks and months."""

from typing import Annotated, Literal

from pydantic import Field

from twinpath.domain import Period

Interval = Literal["day", "week", "month"]

WITHIN = "at >= {begin:DateTime64(3, 'UTC')} AND at < {end:DateTime64(3, 'UTC')}"
"""The rows of the span. It goes into PREWHERE, so that other columns are read of these rows alone: with FINAL no server
does that by itself, as a row might be replaced by another with other values; ours are replaced by themselves."""
SETTINGS = "SETTINGS do_not_merge_across_partitions_select_final = 1"
_BEGINS: dict[Interval, str] = {
    "day": "toDate(at, {zone:String})",
    "week": "toStartOfWeek(at, 1, {zone:String})",
    "month": "toStartOfMonth(at, {zone:String})",
}


class ByInterval(Period):
    """A row an interval; weeks begin on Monday."""

    interval: Annotated[Interval, Field(description="what a row covers; its `begins` is the first day")] = "day"


def begin_of(interval: Interval) -> str:
    """SQL: the first day of the interval of `at`."""
    return _BEGINS[interval]


DECIMALS = "max(digits) AS decimals"
"""What `amount` needs: the most exact rows decide how many decimals a sum has."""


def amount(sum_of: str, as_text: bool) -> str:
    """SQL: the column of an amount of money, as text with all of its decimals or as a number."""
    if not as_text:
        return sum_of
    # the number of decimals must be a constant there, so what is too much is cut off; each function takes time to plan
    return f"left(toDecimalString({sum_of}, 4), transform(decimals, [0, 1, 2, 3], [-5, -3, -2, -1], 99))"
