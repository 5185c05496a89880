"""MongoDB with authentication: each account can do what its service does, and the server refuses it the rest."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from tests.shop.support.guarded import GuardedMongoDB
from twinpath.log.layout import LayoutMismatch
from twinpath.servers.accounts import ACCOUNTS
from twinpath.servers.mongodb import WrongPassword
from twinpath.views.abandoned import clear_abandoned

UNAUTHORIZED = 13
LOG, KEYS, VIEWS = "twinpath_log", "twinpath_keys", "twinpath_views"
Client = AsyncMongoClient[dict[str, Any]]


@pytest.fixture
async def account(guarded: GuardedMongoDB) -> AsyncIterator[Callable[[str], Client]]:
    """Makes a client that is logged in as an account."""
    clients: list[Client] = []

    def log_in(name: str, password: str = "") -> Client:
        clients.append(AsyncMongoClient(guarded.url(name, password)))
        return clients[-1]

    yield log_in
    for client in clients:
        await client.close()


async def refused(attempt: Any) -> None:
    with pytest.raises(OperationFailure) as failure:
        await attempt
    assert failure.value.code == UNAUTHORIZED


async def test_the_query_service_reads_views_and_nothing_else(account: Callable[[str], Client]) -> None:
    query = account("query")
    assert await query[VIEWS]["order_summaries"].find_one({"_id": "x"}) is None
    async with await query[VIEWS].watch() as changes:
        assert await changes.try_next() is None
    await refused(query[LOG]["commits"].find_one({}))
    await refused(query[LOG]["layout"].find_one({}))
    await refused(query[KEYS]["personal_keys"].find_one({}))
    await refused(query[VIEWS]["order_summaries"].insert_one({}))
    await refused(query[VIEWS]["order_summaries"].update_one({}, {"$set": {"a": 1}}))
    await refused(query[VIEWS]["order_summaries"].drop())


async def test_the_command_service_writes_log_and_keys_and_sees_no_view(account: Callable[[str], Client]) -> None:
    command = account("command")
    await command[LOG]["somewhere"].insert_one({})
    await command[KEYS]["somewhere"].insert_one({})
    await command[LOG]["somewhere"].create_index("at")
    async with await command[LOG]["commits"].watch() as changes:
        assert await changes.try_next() is None
    await refused(command[VIEWS]["order_summaries"].insert_one({}))
    await refused(command[VIEWS]["order_summaries"].find_one({}))


@pytest.mark.parametrize("name", ["projector", "tools"])
async def test_who_projects_reads_log_and_keys_and_writes_any_view(account: Callable[[str], Client], name: str) -> None:
    client = account(name)
    await client[LOG]["commits"].find_one({})
    await client[KEYS]["personal_keys"].find_one({})
    generation = client[VIEWS][f"order_summaries@{name}"]
    async with client.start_session() as session, await session.start_transaction():
        await generation.insert_one({"_id": "x"}, session=session)
    await generation.create_index("at")
    await generation.rename(f"order_summaries@{name}2")
    await client[VIEWS].drop_collection(f"order_summaries@{name}2")
    assert await clear_abandoned(client) == 0
    await refused(client[LOG]["commits"].insert_one({}))
    await refused(client[LOG]["commits"].delete_many({}))
    await refused(client[KEYS]["personal_keys"].update_one({}, {"$set": {"key": None}}))


async def test_nobody_enters_without_an_account(guarded: GuardedMongoDB) -> None:
    client: Client
    async with AsyncMongoClient(guarded.host, replicaSet="rs0") as client:
        await refused(client[VIEWS]["order_summaries"].find_one({}))


async def test_init_again_changes_nothing_but_a_password_that_is_new(
    guarded: GuardedMongoDB, account: Callable[..., Client]
) -> None:
    with pytest.raises(OperationFailure, match="Authentication failed"):
        await account("query", "fresh")[VIEWS]["orders"].find_one({})
    assert await guarded.initialise(query_password=SecretStr("fresh")) == await guarded.initialise()
    await guarded.initialise(query_password=SecretStr("fresh"), command_password=None)
    assert await account("query", "fresh")[VIEWS]["orders"].find_one({}) is None
    await account("command")[LOG]["layout"].find_one({})
    await guarded.initialise()
    await account("query")[VIEWS]["orders"].find_one({})


async def test_init_says_at_once_that_the_administrators_password_is_another(guarded: GuardedMongoDB) -> None:
    with pytest.raises(WrongPassword, match=r"\.env"):
        await guarded.initialise(mongodb_url=f"mongodb://admin:wrong@{guarded.host}/")


async def test_init_refuses_another_number_of_partitions(guarded: GuardedMongoDB) -> None:
    with pytest.raises(LayoutMismatch, match="TWINPATH_PARTITIONS=4"):
        await guarded.initialise(partitions=8)


@pytest.mark.parametrize("name", ACCOUNTS)
async def test_the_audit_record_is_added_to_and_changed_by_nobody(account: Callable[[str], Client], name: str) -> None:
    record = account(name)["twinpath_identity_audit"]["entries"]
    await record.insert_one({"actor": name})
    await refused(record.delete_many({}))
    await refused(record.update_many({}, {"$set": {"actor": "somebody else"}}))
    await refused(record.drop())
    if name == "tools":
        assert await record.count_documents({"actor": name}) == 1
    else:
        await refused(record.find_one({}))
    await refused(account(name)["twinpath_identity_audit"]["others"].insert_one({}))
