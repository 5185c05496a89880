"""What every store of personal keys promises."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pymongo import AsyncMongoClient

from shared.errors import Unavailable
from shared.ids import new_id
from shared.mongo_client import mongo_client
from shared.personal_data.in_memory import InMemoryKeyStore
from shared.personal_data.interface import KEY_BYTES, KeyStore
from shared.personal_data.mongo import MongoKeyStore


@pytest.fixture(params=["in_memory", "mongo"])
async def keys(request: pytest.FixtureRequest) -> AsyncIterator[KeyStore]:
    if request.param == "in_memory":
        yield InMemoryKeyStore()
        return
    url, unique = request.getfixturevalue("mongodb_url"), request.getfixturevalue("unique")
    async with mongo_client(url, "test") as client:
        yield MongoKeyStore(client, unique)


async def test_a_key_is_made_when_first_needed_and_stays(keys: KeyStore) -> None:
    ada, bob = new_id("customer"), new_id("customer")

    key = await keys.key_for(ada)

    assert key is not None
    assert len(key) == KEY_BYTES
    assert await keys.key_for(ada) == key
    assert await keys.key_for(bob) != key
    assert await keys.keys([ada]) == {ada: key}


async def test_many_who_need_it_at_once_get_the_same_key(keys: KeyStore) -> None:
    ada = new_id("customer")

    assert len(set(await asyncio.gather(*(keys.key_for(ada) for _ in range(30))))) == 1


async def test_a_destroyed_key_is_gone_and_never_made_again(keys: KeyStore) -> None:
    ada = new_id("customer")
    await keys.key_for(ada)

    await keys.destroy(ada)
    await keys.destroy(ada)

    assert await keys.key_for(ada) is None
    assert await keys.keys([ada]) == {}


async def test_who_was_erased_before_there_was_a_key_never_gets_one(keys: KeyStore) -> None:
    ada = new_id("customer")

    await keys.destroy(ada)

    assert await keys.key_for(ada) is None


async def test_a_store_that_is_away_says_so() -> None:
    client: AsyncMongoClient[dict[str, object]] = mongo_client(
        "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50", "test"
    )
    keys = MongoKeyStore(client, "away")
    for asked in (keys.keys(["customer-1"]), keys.key_for("customer-1"), keys.destroy("customer-1")):
        with pytest.raises(Unavailable):
            await asked
    await client.close()
