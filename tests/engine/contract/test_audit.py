"""What every record of who did what promises, and how entries get there."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from twinpath.errors import Unavailable
from twinpath.identity.audit.interface import AuditLog, Entry, InMemoryAuditLog, Wanted
from twinpath.identity.audit.mongo import MongoAuditLog
from twinpath.identity.audit.recorder import Recorder
from twinpath.mongo_client import mongo_client

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
READ = Entry(NOON, "query", "actor-1", "GET /owners/{owner_id}", "allowed", target="owner-1", correlation_id="c-1")
REFUSED = Entry(NOON, "command", "actor-2", "POST /repairs", "refused", reason="not_permitted")


@pytest.fixture(params=["in_memory", "mongo"])
async def record(request: pytest.FixtureRequest) -> AsyncIterator[AuditLog]:
    if request.param == "in_memory":
        yield InMemoryAuditLog()
        return
    url, unique = request.getfixturevalue("mongodb_url"), request.getfixturevalue("unique")
    async with mongo_client(url, "test") as client:
        kept = MongoAuditLog(client, unique)
        await kept.prepare()
        yield kept


async def entries(record: AuditLog, wanted: Wanted | None = None) -> Sequence[Entry]:
    return [entry async for entry in record.read(wanted or Wanted())]


async def test_entries_come_back_as_they_were_in_the_order_of_their_time(record: AuditLog) -> None:
    later = replace(REFUSED, at=NOON + timedelta(hours=1), on_behalf_of="actor-3", count=4)
    await record.add([later])
    await record.add([READ])

    assert await entries(record) == [READ, later]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(actor="actor-2"), [REFUSED]),
        (Wanted(outcome="allowed"), [READ]),
        (Wanted(action="POST /repairs"), [REFUSED]),
        (Wanted(since=NOON), [READ, REFUSED]),
        (Wanted(until=NOON), []),
        (Wanted(since=NOON, until=NOON + timedelta(seconds=1), actor="actor-1"), [READ]),
        (Wanted(actor="nobody"), []),
    ],
)
async def test_entries_are_found_by_what_is_wanted(record: AuditLog, wanted: Wanted, expected: list[Entry]) -> None:
    await record.add([READ, REFUSED])

    assert await entries(record, wanted) == expected


async def test_what_was_done_is_on_record_before_it_is_answered(record: AuditLog) -> None:
    recorder = Recorder(record)

    await asyncio.gather(*(recorder.done(replace(READ, target=f"owner-{n}")) for n in range(50)))

    assert len(await entries(record)) == 50


async def test_refusals_that_are_alike_are_counted(record: AuditLog) -> None:
    recorder = Recorder(record)
    for number in range(30):
        recorder.refused(replace(REFUSED, at=NOON + timedelta(milliseconds=number), correlation_id=f"c-{number}"))
    recorder.refused(replace(REFUSED, actor="actor-9"))

    await recorder.close()

    assert [(entry.actor, entry.count) for entry in await entries(record)] == [("actor-2", 30), ("actor-9", 1)]


async def test_a_flood_of_different_refusals_is_bounded(record: AuditLog) -> None:
    recorder = Recorder(record)
    for number in range(3_000):
        recorder.refused(replace(REFUSED, target=f"owner-{number}"))

    await recorder.close()

    assert len(await entries(record)) == 1_000


async def test_without_the_record_what_must_be_on_it_is_not_answered() -> None:
    async with mongo_client("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50", "test") as client:
        recorder = Recorder(MongoAuditLog(client, "none"))

        with pytest.raises(Unavailable):
            await recorder.done(READ)
