"""What every store of timers promises."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from twinpath.commands.processes.mongo_timers import MongoTimers
from twinpath.commands.processes.timers import InMemoryTimers, OldTimer, Timer, Timers
from twinpath.errors import Unavailable
from twinpath.mongo_client import mongo_client

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LATE = NOON + timedelta(hours=9)


@pytest.fixture(params=["in_memory", "mongo"])
async def timers(request: pytest.FixtureRequest) -> AsyncIterator[Timers]:
    if request.param == "in_memory":
        yield InMemoryTimers()
        return
    url, unique = request.getfixturevalue("mongodb_url"), request.getfixturevalue("unique")
    async with mongo_client(url, "test") as client:
        kept = MongoTimers(client, unique)
        await kept.prepare()
        yield kept


def at(hours: int, stream: str = "order-1", process: str = "p", version: int = 1) -> Timer:
    """Set by this version of its stream, at that hour."""
    due, cause_at = NOON + timedelta(hours=hours), NOON + timedelta(minutes=version)
    return Timer(process, "expiry", stream, due, "cancel_order", '{"a":1}', f"{stream}@{version}", cause_at, "c-1")


async def test_what_is_due_comes_the_oldest_first_and_what_is_not_due_does_not(timers: Timers) -> None:
    for timer in (at(2, "order-2"), at(1, "order-1"), at(3, "order-3"), at(1, process="another")):
        await timers.put(timer)

    assert list(await timers.due("p", NOON)) == []
    assert list(await timers.due("p", NOON + timedelta(hours=2))) == [at(1, "order-1"), at(2, "order-2")]
    assert list(await timers.due("p", LATE, limit=1)) == [at(1, "order-1")]


async def test_a_later_event_sets_a_timer_anew_and_the_same_or_an_earlier_one_changes_nothing(timers: Timers) -> None:
    await timers.put(at(3, version=2))
    for again in (at(5, version=2), at(6, version=1)):
        await timers.put(again)
        assert list(await timers.due("p", LATE)) == [at(3, version=2)]

    await timers.put(at(5, version=3))

    assert list(await timers.due("p", LATE)) == [at(5, version=3)]


async def test_a_cancelled_timer_is_never_due(timers: Timers) -> None:
    await timers.put(at(1))
    await timers.put(at(1, process="another"))
    for _ in range(2):
        await timers.cancel("p", "expiry", "order-1")

    assert list(await timers.due("p", LATE)) == []
    assert list(await timers.due("another", LATE)) == [at(1, process="another")]


async def test_a_timer_that_was_set_anew_while_it_was_carried_out_stays(timers: Timers) -> None:
    await timers.put(at(1, version=2))
    await timers.carried_out(at(1, version=1))
    assert list(await timers.due("p", LATE)) == [at(1, version=2)]

    await timers.carried_out(at(1, version=2))
    assert list(await timers.due("p", LATE)) == []


async def test_a_timer_that_failed_comes_again_later_and_one_that_is_parked_never(timers: Timers) -> None:
    await timers.put(at(1, "order-1"))
    await timers.put(at(1, "order-2"))
    failed = replace(at(1, "order-1"), attempts=1, reason="because")

    await timers.postpone(at(1, "order-1"), "because", NOON + timedelta(hours=3))
    assert list(await timers.due("p", NOON + timedelta(hours=2))) == [at(1, "order-2")]
    assert list(await timers.due("p", NOON + timedelta(hours=3))) == [at(1, "order-2"), failed]
    assert await timers.parked_count("p") == 0

    await timers.postpone(failed, "still", None)
    assert list(await timers.due("p", LATE)) == [at(1, "order-2")]
    assert list(await timers.parked("p")) == [replace(failed, attempts=2, reason="still")]
    assert (await timers.parked_count("p"), await timers.parked_count("another")) == (1, 0)


async def test_timers_of_the_first_version_are_found_where_that_put_them(mongodb_url: str, unique: str) -> None:
    document = {"kind": "reservation-expiry", "stream": "order-1", "due": NOON, "cause": "order-1@1"}
    async with mongo_client(mongodb_url, "test") as client:
        schedule, timers = client[unique]["schedule"], MongoTimers(client, unique)
        await schedule.insert_one({"_id": "reservation-expiry/order-1", "correlation_id": "c", **document})
        [old] = await timers.old_due(NOON)
        assert old == OldTimer("reservation-expiry", "order-1", NOON, "order-1@1", "c")
        assert await timers.old_due(NOON - timedelta(seconds=1)) == []

        await timers.forget_old(old)

        assert await schedule.count_documents({}) == 0


async def test_a_store_that_is_away_says_so() -> None:
    async with mongo_client("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50", "test") as client:
        away = MongoTimers(client, "away")
        asked = (
            away.put(at(1)),
            away.cancel("p", "expiry", "order-1"),
            away.due("p", NOON),
            away.carried_out(at(1)),
            away.postpone(at(1), "because", None),
            away.parked_count("p"),
            away.old_due(NOON),
            away.forget_old(OldTimer("k", "order-1", NOON, "order-1@1", "c")),
            away.prepare(),
        )
        answers = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(answer) for answer in answers] == [Unavailable] * len(asked)


async def test_parked_timers_that_somebody_asks_for_are_due_at_once_and_park_again_at_the_next_failure(
    timers: Timers,
) -> None:
    parked, other, waiting = at(1), at(1, "order-2"), at(1, "order-3")
    for timer in (parked, other, waiting):
        await timers.put(timer)
    for timer in (parked, other):
        await timers.postpone(timer, "broken", None)

    assert await timers.retry("another") == 0
    assert await timers.retry("p", "order-1") == 1
    [due] = await timers.due("p", NOON)
    assert due == replace(parked, attempts=1, reason="broken")
    assert [timer.stream for timer in await timers.parked("p")] == ["order-2"]
    assert await timers.retry("p") == 1
    assert {timer.stream for timer in await timers.due("p", NOON)} == {"order-1", "order-2"}
    assert await timers.retry("p") == 0
