"""What every store of snapshots promises."""

from collections.abc import AsyncIterator

import pytest

from twinpath.errors import Unavailable
from twinpath.log.snapshots import InMemorySnapshotStore, MongoSnapshotStore, Snapshot, SnapshotStore
from twinpath.mongo_client import mongo_client


@pytest.fixture(params=["in_memory", "mongo"])
async def snapshots(request: pytest.FixtureRequest) -> AsyncIterator[SnapshotStore]:
    if request.param == "in_memory":
        yield InMemorySnapshotStore()
        return
    url, unique = request.getfixturevalue("mongodb_url"), request.getfixturevalue("unique")
    async with mongo_client(url, "test") as client:
        yield MongoSnapshotStore(client, unique)


def snapshot(version: int, schema: str = "1-a") -> Snapshot:
    return Snapshot("repair-1", version, "repair.0", version + 10, schema, {"status": "open", "notes": [version]})


async def test_the_latest_snapshot_is_kept(snapshots: SnapshotStore) -> None:
    assert await snapshots.latest("repair-1", "1-a") is None

    for version in (100, 200):
        await snapshots.keep(snapshot(version))

    assert await snapshots.latest("repair-1", "1-a") == snapshot(200)


async def test_a_late_snapshot_does_not_replace_a_later_one(snapshots: SnapshotStore) -> None:
    await snapshots.keep(snapshot(200))
    await snapshots.keep(snapshot(100))

    assert await snapshots.latest("repair-1", "1-a") == snapshot(200)


async def test_a_snapshot_of_another_schema_is_never_read_and_makes_way(snapshots: SnapshotStore) -> None:
    await snapshots.keep(snapshot(200, "1-a"))

    assert await snapshots.latest("repair-1", "2-a") is None
    await snapshots.keep(snapshot(100, "2-a"))
    assert await snapshots.latest("repair-1", "2-a") == snapshot(100, "2-a")


async def test_a_store_that_is_away_says_so() -> None:
    async with mongo_client("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50", "test") as client:
        away = MongoSnapshotStore(client, "away")
        for asked in (away.latest("repair-1", "1-a"), away.keep(snapshot(1))):
            with pytest.raises(Unavailable):
                await asked
