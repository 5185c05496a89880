"""The days of dashboards are those of the shop's time zone, also where summer time begins or ends."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query_service.own_days import SHOWN, OwnDays
from shared.read_models.quarters import counts_of, quarter_of

EVERY_ZONE = sorted(zone for zone in available_timezones() if "/" in zone)


def counted(*moments: datetime) -> list[tuple[datetime, int]]:
    """What is counted, a moment at a time, as it is stored and read again."""
    counts: list[tuple[datetime, int]] = []
    for moment in moments:
        month, path = quarter_of(moment)
        day, quarter = path.split(".")
        counts += counts_of(month, {day: {quarter: 1}})
    return counts


@given(st.integers(0, 4 * 365 * 24 * 60), st.sampled_from(EVERY_ZONE), st.data())
def test_whatever_happens_counts_on_the_day_that_a_clock_on_the_wall_shows(
    minute: int, name: str, data: st.DataObject
) -> None:
    zone, now = ZoneInfo(name), datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    days = OwnDays(now, zone)
    before = timedelta(minutes=data.draw(st.integers(0, 60 * 24 * (SHOWN - 2))))
    at = now - before

    assert days.sums(counted(at)) == {at.astimezone(zone).date(): 1}
    assert {quarter_of(at)[0]} <= set(days.months)
    assert days.days == [now.astimezone(zone).date() - timedelta(days=ago) for ago in range(SHOWN)]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23),
        ("Africa/Cairo", date(2026, 4, 24), 23),
        ("Asia/Kathmandu", date(2026, 3, 29), 24),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    ],
)
def test_a_day_on_which_the_clocks_are_changed_is_as_long_as_it_was(zone: str, day: date, hours: float) -> None:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    quarters = [noon + timedelta(minutes=15 * number) for number in range(-4 * 48, 4 * 48)]

    sums = OwnDays(noon + timedelta(days=3), ZoneInfo(zone)).sums(counted(*quarters))

    assert sums[day] == 4 * hours


def test_what_was_counted_by_day_before_still_counts() -> None:
    days = OwnDays(datetime(2026, 3, 10, 12, tzinfo=UTC), ZoneInfo("Europe/Berlin"))

    assert days.sums(counts_of("2026-03", {"09": 5, "10": 2})) == {date(2026, 3, 9): 5, date(2026, 3, 10): 2}


def test_what_lies_beyond_the_days_that_are_shown_counts_on_none() -> None:
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)

    assert not OwnDays(now, UTC).sums(counted(now - timedelta(days=SHOWN), now + timedelta(days=1)))
