"""The version of the data in a database: noted by who writes there, refused when it is too new."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from twinpath.log.layout import expect_partitions, fix_partitions, read_partitions
from twinpath.running.data_version import DATA_VERSION, DataTooNew, expect_data_version, raise_data_version

Database = AsyncDatabase[dict[str, Any]]


@pytest.fixture
async def database(mongodb_url: str, unique: str) -> AsyncIterator[Database]:
    """An empty database."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_url) as client:
        yield client[unique]


async def version_of(database: Database) -> int:
    layout = await database["layout"].find_one({"_id": "data"})
    assert layout is not None
    return int(layout["version"])


async def test_a_log_is_made_with_the_version_of_this_release(database: Database) -> None:
    await fix_partitions(database, 4)
    assert await version_of(database) == DATA_VERSION


async def test_data_of_the_first_release_say_no_version_and_are_read(database: Database) -> None:
    await database["layout"].insert_one({"_id": "log", "partitions": 4})
    await expect_partitions(database, 4)
    await fix_partitions(database, 4)
    assert await version_of(database) == DATA_VERSION


async def test_the_version_of_older_data_is_raised_by_who_writes_and_not_by_who_reads(database: Database) -> None:
    await database["layout"].insert_one({"_id": "data", "version": DATA_VERSION - 1})
    await expect_data_version(database)
    assert await version_of(database) == DATA_VERSION - 1
    await raise_data_version(database)
    assert await version_of(database) == DATA_VERSION


async def test_data_of_a_later_release_are_refused_and_stay_as_they_are(database: Database) -> None:
    await fix_partitions(database, 4)
    await database["layout"].update_one({"_id": "data"}, {"$inc": {"version": 1}})
    for refused in (
        expect_data_version(database),
        raise_data_version(database),
        read_partitions(database),
        expect_partitions(database, 4),
        fix_partitions(database, 4),
    ):
        with pytest.raises(DataTooNew, match=f"are of version {DATA_VERSION + 1}, and this release reads up to"):
            await refused
    assert await version_of(database) == DATA_VERSION + 1
