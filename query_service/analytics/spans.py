"""What the reports share: the rows of a span of time, and its days, weeks and months."""

from typing import Annotated, Literal

from pydantic import Field

from twinpath.domain import Period

Interval = Literal["day", "week", "month"]

WITHIN = "line > 0 AND at >= {begin:DateTime64(3, 'UTC')} AND at < {end:DateTime64(3, 'UTC')}"
"""The rows of the span, without marks."""
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


def amount(expression: str, as_text: bool) -> str:
    """SQL: an amount of money, as text with all of its decimals or as a number. The most exact rows decide how many."""
    if not as_text:
        return expression
    texts = (f"max(digits) = {digits}, toDecimalString({expression}, {digits})" for digits in range(4))
    return f"multiIf({', '.join(texts)}, toDecimalString({expression}, 4))"
