"""What the query service computes of tables of facts: a report, whose SQL a declaration gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Generic, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from twinpath.domain.resource import Endpoints
from twinpath.domain.views import View

SHOWN_DAYS = 30
MOST_DAYS = 3660
_FIRST, _LAST = date(2000, 1, 1), date(2100, 1, 1)


def _is_zone(name: str) -> str:
    if name not in available_timezones() - {"localtime"}:  # that of whoever reads it
        raise ValueError("no time zone; one is called as in Europe/Berlin")
    return name


Day = Annotated[date, Field(ge=_FIRST, le=_LAST)]


class Period(BaseModel):
    """The query parameters of every report: days of a time zone, the first and the last, the last 30 unless given.

    A subclass adds parameters; what is not declared is refused.
    """

    model_config = ConfigDict(extra="forbid")

    first: Annotated[Day | None, Field(alias="from", description="the first day, as in 2026-01-01")] = None
    last: Annotated[Day | None, Field(alias="to", description="the last day; today unless given")] = None
    time_zone: Annotated[
        str | None, AfterValidator(_is_zone), Field(description="whose days they are, as in Europe/Berlin")
    ] = None

    @model_validator(mode="after")
    def _in_order(self) -> "Period":
        if self.first is not None and self.last is not None and self.first > self.last:
            raise ValueError("`from` is later than `to`")
        return self


@dataclass(frozen=True)
class Span:
    """The moments that a report covers: from `begin` until before `end`, by the days of `zone`."""

    first: date
    last: date
    zone: ZoneInfo

    @classmethod
    def of_period(cls, period: Period, now: datetime, zone: str) -> "Span":
        """What a caller asks for; `zone` where none is named."""
        place = ZoneInfo(period.time_zone or zone)
        last = period.last or max(now.astimezone(place).date(), period.first or _FIRST)
        return cls(period.first or last - timedelta(days=SHOWN_DAYS - 1), last, place)

    @property
    def is_too_long(self) -> bool:
        """Whether no report covers so many days."""
        return (self.last - self.first).days >= MOST_DAYS

    @property
    def begin(self) -> datetime:
        """The beginning of the first day, in UTC."""
        return datetime.combine(self.first, time(), self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The end of the last day, in UTC."""
        return datetime.combine(self.last + timedelta(days=1), time(), self.zone).astimezone(UTC)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """For SQL: `{begin:DateTime64(3, 'UTC')}`, `{end:DateTime64(3, 'UTC')}` and `{zone:String}`."""
        moments = {"begin": self.begin, "end": self.end}
        return {**{name: f"{at:%Y-%m-%d %H:%M:%S}.000" for name, at in moments.items()}, "zone": self.zone.key}


_Period = TypeVar("_Period", bound=Period)


@dataclass(frozen=True)
class Report(Endpoints, Generic[_Period]):
    """Rows that are computed from tables of facts when they are asked for, as JSON, CSV or Parquet.

    `sql` gives the statement and its further parameters, for an answer that is read as text or not; it names tables and
    views as `{facts}.order_lines`, and what callers give only as parameters. `row` describes a row. `tables` are those
    that it reads.
    """

    path: str
    tables: tuple[str, ...]
    parameters: type[_Period]
    sql: Callable[[_Period, bool], tuple[str, Mapping[str, Any]]]
    row: type[BaseModel]
    example: Mapping[str, Any]
    allow: str
    summary: str
    description: str = field(default="", kw_only=True)

    def reads(self) -> tuple[View, ...]:
        return ()

    @property
    def name(self) -> str:
        """The last name of the path."""
        return self.path.rpartition("/")[2]
