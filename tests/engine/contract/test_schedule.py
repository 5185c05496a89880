"""What every schedule promises."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from twinpath.commands.processes.timers import Appointment, InMemorySchedule, MongoSchedule, Schedule
from twinpath.errors import Unavailable
from twinpath.mongo_client import mongo_client

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["in_memory", "mongo"])
async def schedule(request: pytest.FixtureRequest) -> AsyncIterator[Schedule]:
    if request.param == "in_memory":
        yield InMemorySchedule()
        return
    url, unique = request.getfixturevalue("mongodb_url"), request.getfixturevalue("unique")
    async with mongo_client(url, "test") as client:
        kept = MongoSchedule(client, unique)
        await kept.prepare()
        yield kept


def at(hours: int, stream: str = "order-1") -> Appointment:
    return Appointment("expiry", stream, NOON + timedelta(hours=hours), f"{stream}@1", "c-1")


async def test_what_is_due_comes_the_oldest_first_and_what_is_not_due_does_not(schedule: Schedule) -> None:
    for appointment in (at(2, "order-2"), at(1, "order-1"), at(3, "order-3")):
        await schedule.put(appointment)

    assert list(await schedule.due(NOON)) == []
    assert list(await schedule.due(NOON + timedelta(hours=2))) == [at(1, "order-1"), at(2, "order-2")]
    assert list(await schedule.due(NOON + timedelta(hours=9), limit=1)) == [at(1, "order-1")]


async def test_the_same_appointment_again_changes_nothing(schedule: Schedule) -> None:
    await schedule.put(at(1))
    await schedule.put(at(5))

    assert list(await schedule.due(NOON + timedelta(hours=9))) == [at(1)]


async def test_what_is_removed_is_never_due(schedule: Schedule) -> None:
    await schedule.put(at(1))
    await schedule.remove("expiry", "order-1")
    await schedule.remove("expiry", "order-1")

    assert list(await schedule.due(NOON + timedelta(hours=9))) == []


async def test_a_store_that_is_away_says_so() -> None:
    async with mongo_client("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50", "test") as client:
        away = MongoSchedule(client, "away")
        for asked in (away.put(at(1)), away.remove("expiry", "order-1"), away.due(NOON), away.prepare()):
            with pytest.raises(Unavailable):
                await asked
