"""What every store of machine keys promises, and what a key opens."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from twinpath.clock import utc_now
from twinpath.errors import NotAuthenticated, Unavailable
from twinpath.identity.in_memory import InMemoryMachineKeys
from twinpath.identity.machine_keys import KeyRefused, MachineKeys, MachineKeyStore, create_key
from twinpath.identity.mongo import MongoMachineKeys
from twinpath.mongo_client import mongo_client

DAY = timedelta(days=1)


@pytest.fixture(params=["in_memory", "mongo"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[MachineKeyStore]:
    if request.param == "in_memory":
        yield InMemoryMachineKeys()
        return
    url, unique = request.getfixturevalue("mongodb_url"), request.getfixturevalue("unique")
    async with mongo_client(url, "test") as client:
        yield MongoMachineKeys(client, unique)


class _Clock:
    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        return self.now


async def test_a_key_opens_what_it_was_made_for_until_it_ends(store: MachineKeyStore) -> None:
    clock = _Clock()
    keys = MachineKeys(store, clock)
    text = await create_key(store, "importer", ["bulk", "catalogue:write"], DAY, clock)

    caller = await keys.caller(text)

    assert (caller.issuer, caller.subject) == ("keys", "importer")
    assert caller.may("bulk")
    assert not caller.may("orders:read")
    clock.now += DAY
    with pytest.raises(NotAuthenticated) as refused:
        await keys.caller(text)
    assert refused.value.code == "key_expired"


async def test_the_secret_is_not_stored_and_another_one_opens_nothing(store: MachineKeyStore) -> None:
    text = await create_key(store, "importer", ["bulk"], DAY)
    (kept,) = await store.every()
    secret = text.rpartition("_")[2]
    keys = MachineKeys(store)

    assert secret not in repr(kept)
    for wrong in (f"tpk_{kept.id}_{'A' * 43}", f"tpk_{'0' * 12}_{secret}", text[:-1], text + "A", "tpk_", ""):
        with pytest.raises(NotAuthenticated):
            await keys.caller(wrong)


async def test_a_revoked_key_opens_nothing_after_ten_seconds(store: MachineKeyStore) -> None:
    clock = _Clock()
    keys = MachineKeys(store, clock)
    text = await create_key(store, "importer", ["bulk"], DAY, clock)
    await keys.caller(text)
    (kept,) = await store.every()

    assert await store.revoke(kept.id, clock.now)
    assert not await store.revoke(kept.id, clock.now)
    assert not await store.revoke("nobody", clock.now)

    clock.now += timedelta(seconds=11)
    with pytest.raises(NotAuthenticated):
        await keys.caller(text)


async def test_two_keys_of_a_name_are_valid_during_a_change_and_not_three(store: MachineKeyStore) -> None:
    first = await create_key(store, "importer", ["bulk"], DAY)
    second = await create_key(store, "importer", ["bulk"], DAY)
    keys = MachineKeys(store)

    assert (await keys.caller(first)).key == (await keys.caller(second)).key, "keys of idempotency stay the caller's"
    with pytest.raises(KeyRefused):
        await create_key(store, "importer", ["bulk"], DAY)
    await store.revoke((await store.every())[0].id, utc_now())
    await create_key(store, "importer", ["bulk"], DAY)


@pytest.mark.parametrize(("name", "permissions"), [("", ["bulk"]), ("a b", ["bulk"]), ("A", ["bulk"]), ("a", [])])
async def test_a_key_needs_a_name_and_a_permission(name: str, permissions: list[str]) -> None:
    with pytest.raises(KeyRefused):
        await create_key(InMemoryMachineKeys(), name, permissions, DAY)


async def test_the_last_use_is_noted_once_a_minute(store: MachineKeyStore) -> None:
    clock = _Clock()
    keys = MachineKeys(store, clock)
    text = await create_key(store, "importer", ["bulk"], DAY, clock)
    used = clock.now
    for _ in range(3):
        await keys.caller(text)
        clock.now += timedelta(seconds=5)
    assert (await store.every())[0].last_use == used

    clock.now += timedelta(minutes=2)
    await keys.caller(text)
    assert (await store.every())[0].last_use == clock.now


async def test_a_store_that_is_away_says_so() -> None:
    async with mongo_client("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50", "test") as client:
        with pytest.raises(Unavailable):
            await MachineKeys(MongoMachineKeys(client, "away")).caller(f"tpk_{'0' * 12}_{'A' * 43}")
