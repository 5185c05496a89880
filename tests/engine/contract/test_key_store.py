"""What every store of personal keys promises."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pymongo import AsyncMongoClient

from twinpath.clock import utc_now
from twinpath.errors import Unavailable
from twinpath.ids import new_id
from twinpath.mongo_client import mongo_client
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.interface import ERASED_ACTOR, KEY_BYTES, KeyStore
from twinpath.personal_data.mongo import MongoKeyStore


@pytest.fixture(params=["in_memory", "mongo"])
async def keys(request: pytest.FixtureRequest) -> AsyncIterator[KeyStore]:
    if request.param == "in_memory":
        yield InMemoryKeyStore()
        return
    url, unique = request.getfixturevalue("mongodb_url"), request.getfixturevalue("unique")
    async with mongo_client(url, "test") as client:
        kept = MongoKeyStore(client, unique)
        await kept.prepare()
        yield kept


async def test_a_key_is_made_when_first_needed_and_stays(keys: KeyStore) -> None:
    ada, bob = new_id("owner"), new_id("owner")

    key = await keys.key_for(ada)

    assert key is not None
    assert len(key) == KEY_BYTES
    assert await keys.key_for(ada) == key
    assert await keys.key_for(bob) != key
    assert await keys.keys([ada]) == {ada: key}


async def test_many_who_need_it_at_once_get_the_same_key(keys: KeyStore) -> None:
    ada = new_id("owner")

    assert len(set(await asyncio.gather(*(keys.key_for(ada) for _ in range(30))))) == 1


async def test_new_keys_that_are_made_at_once_are_as_any_others(keys: KeyStore) -> None:
    owners = [new_id("owner") for _ in range(30)]

    made = await asyncio.gather(*(keys.new_key(owner) for owner in (*owners, *owners)))

    assert made[:30] == made[30:]
    assert await keys.keys(owners) == dict(zip(owners, made, strict=False))
    assert len(set(made)) == 30


async def test_who_has_a_key_or_is_erased_gets_no_other_new_key(keys: KeyStore) -> None:
    ada, eve, bob = (new_id("owner") for _ in range(3))
    key = await keys.key_for(ada)
    await keys.destroy(eve)

    made = await asyncio.gather(*(keys.new_key(owner) for owner in (ada, eve, bob)))

    assert made[:2] == [key, None]
    assert await keys.key_for(bob) == made[2] is not None


async def test_a_destroyed_key_is_gone_and_never_made_again(keys: KeyStore) -> None:
    ada = new_id("owner")
    await keys.key_for(ada)

    await keys.destroy(ada)
    await keys.destroy(ada)

    assert await keys.key_for(ada) is None
    assert await keys.keys([ada]) == {}


async def test_who_was_erased_before_there_was_a_key_never_gets_one(keys: KeyStore) -> None:
    ada = new_id("owner")

    await keys.destroy(ada)

    assert await keys.key_for(ada) is None


async def test_many_keys_are_given_at_once_but_neither_destroyed_nor_unknown_ones(keys: KeyStore) -> None:
    ada, bob, eve, nobody = (new_id("owner") for _ in range(4))
    wanted = {owner: await keys.key_for(owner) for owner in (ada, bob)}
    await keys.key_for(eve)
    await keys.destroy(eve)

    assert await keys.keys([ada, bob, eve, nobody]) == wanted
    assert await keys.keys([]) == {}


async def test_a_key_that_is_made_while_it_is_destroyed_does_not_survive(keys: KeyStore) -> None:
    async def destroyed(owner: str) -> None:
        await keys.keys([owner])  # about as long as it takes to find that there is no key yet
        await keys.destroy(owner)

    for _ in range(40):
        owners = [new_id("owner") for _ in range(20)]
        await asyncio.gather(*(of(owner) for owner in owners for of in (destroyed, keys.key_for)))

        assert await keys.keys(owners) == {}


async def test_a_destroyed_key_is_unconfirmed_until_the_log_knows_of_it(keys: KeyStore) -> None:
    ada, bob = new_id("owner"), new_id("owner")
    await keys.key_for(ada)
    await keys.key_for(bob)
    await keys.destroy(ada)
    soon, before = utc_now() + timedelta(minutes=1), utc_now() - timedelta(minutes=1)

    assert await keys.unconfirmed(soon) == [ada]
    assert await keys.unconfirmed(before) == []

    await keys.confirm(ada)
    assert await keys.unconfirmed(soon) == []

    await keys.destroy(ada)
    assert await keys.unconfirmed(soon) == [], "the log knows of it already"


async def test_what_is_confirmed_is_destroyed(keys: KeyStore) -> None:
    ada = new_id("owner")
    await keys.key_for(ada)

    await keys.confirm(ada)

    assert await keys.key_for(ada) is None
    assert await keys.unconfirmed(utc_now() + timedelta(minutes=1)) == []


async def test_a_caller_acts_under_one_pseudonym_that_tells_nothing(keys: KeyStore) -> None:
    ada, owner = ("https://issuer.test", "ada@example.org"), new_id("owner")

    names = set(await asyncio.gather(*(keys.pseudonym(*ada, owner) for _ in range(20))))

    assert len(names) == 1
    (name,) = names
    assert "ada" not in name
    assert await keys.caller_behind(name) == ada
    assert await keys.pseudonym("https://issuer.testada", "@example.org", None) != name
    assert await keys.pseudonym("keys", "ada@example.org", None) != name


@pytest.mark.parametrize("erase", ["destroy", "confirm"])
async def test_an_erasure_cuts_the_pseudonym_for_good(keys: KeyStore, erase: str) -> None:
    issuer, ada, bob = "https://issuer.test", new_id("owner"), new_id("owner")
    name, other = await keys.pseudonym(issuer, "ada", ada), await keys.pseudonym(issuer, "bob", bob)

    await getattr(keys, erase)(ada)

    assert await keys.caller_behind(name) is None
    assert await keys.pseudonym(issuer, "ada", ada) == ERASED_ACTOR
    assert await keys.caller_behind(ERASED_ACTOR) is None
    assert await keys.caller_behind(other) == (issuer, "bob")


async def test_a_pseudonym_that_is_made_while_its_owner_is_erased_is_cut(keys: KeyStore) -> None:
    issuer = "https://issuer.test"
    for _ in range(20):
        owners = [new_id("owner") for _ in range(10)]
        works = [work for owner in owners for work in (keys.pseudonym(issuer, owner, owner), keys.destroy(owner))]
        names = [name for name in await asyncio.gather(*works) if name is not None]

        assert [await keys.caller_behind(name) for name in names] == [None] * len(owners)


async def test_a_store_that_is_away_says_so() -> None:
    client: AsyncMongoClient[dict[str, object]] = mongo_client(
        "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50", "test"
    )
    keys = MongoKeyStore(client, "away")
    asked = [
        keys.keys(["owner-1"]),
        keys.key_for("owner-1"),
        keys.destroy("owner-1"),
        keys.confirm("owner-1"),
        keys.unconfirmed(utc_now()),
        keys.prepare(),
        keys.pseudonym("issuer", "ada", None),
        keys.caller_behind("actor-1"),
    ]
    answers: list[object] = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * len(asked)
    await client.close()
