"""MongoDB with authentication: each account can do what its service does, and the server refuses it the rest."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo import AsyncMongoClient, MongoClient
from pymongo.errors import OperationFailure

from deploy.local.install import find_or_install
from deploy.local.mongodb import Mongod
from deploy.local.ports import HOST, hold_port
from deploy.servers.accounts import ACCOUNTS
from deploy.servers.initialising import initialise
from deploy.servers.settings import Settings
from shared.event_store.layout import LayoutMismatch
from shared.view_store.abandoned import clear_abandoned

UNAUTHORIZED = 13
LOG, KEYS, VIEWS = "twinpath_log", "twinpath_keys", "twinpath_views"
Client = AsyncMongoClient[dict[str, Any]]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address, as host:port, of a fresh mongod that asks for authentication; its administrator is admin / admin."""
    folder: Path = tmp_path_factory.mktemp("guarded")
    key = folder / "key"
    key.write_text(secrets.token_hex(16))
    key.chmod(0o400)
    mongod = Mongod(find_or_install().mongod, folder, hold_port(), ["--keyFile", str(key)])
    mongod.start()
    yield f"{HOST}:{mongod.port}"
    mongod.close()


@pytest.fixture(scope="module")
def initialised(guarded: str) -> str:
    """The same, after `twinpath init`."""
    with MongoClient[dict[str, Any]](guarded, directConnection=True) as client:
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": [{"_id": 0, "host": guarded}]})
    with MongoClient[dict[str, Any]](guarded, replicaSet="rs0") as client:  # as the image does, before anybody is there
        client.admin.command("createUser", "admin", pwd="admin", roles=["root"])
    asyncio.run(_initialise(guarded))
    return guarded


def _settings(host: str, **changed: Any) -> Settings:
    passwords = {f"{account}_password": SecretStr(account) for account in ACCOUNTS}
    return Settings(mongodb_url=f"mongodb://admin:admin@{host}/", replica_set_members=host, **{**passwords, **changed})


async def _initialise(host: str, **changed: Any) -> list[str]:
    return [done async for done in initialise(_settings(host, **changed))]


@pytest.fixture
async def account(initialised: str) -> AsyncIterator[Callable[[str], Client]]:
    """Makes a client that is logged in as an account."""
    clients: list[Client] = []

    def log_in(name: str, password: str = "") -> Client:
        clients.append(AsyncMongoClient(f"mongodb://{name}:{password or name}@{initialised}/?replicaSet=rs0"))
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


async def test_nobody_enters_without_an_account(initialised: str) -> None:
    client: Client
    async with AsyncMongoClient(initialised, replicaSet="rs0") as client:
        await refused(client[VIEWS]["order_summaries"].find_one({}))


async def test_init_again_changes_nothing_but_a_password_that_is_new(
    initialised: str, account: Callable[..., Client]
) -> None:
    with pytest.raises(OperationFailure, match="Authentication failed"):
        await account("query", "fresh")[VIEWS]["orders"].find_one({})
    assert await _initialise(initialised, query_password=SecretStr("fresh")) == await _initialise(initialised)
    await _initialise(initialised, query_password=SecretStr("fresh"), command_password=None)
    assert await account("query", "fresh")[VIEWS]["orders"].find_one({}) is None
    await account("command")[LOG]["layout"].find_one({})
    await _initialise(initialised)
    await account("query")[VIEWS]["orders"].find_one({})


async def test_init_refuses_another_number_of_partitions(initialised: str) -> None:
    with pytest.raises(LayoutMismatch, match="TWINPATH_PARTITIONS=4"):
        await _initialise(initialised, partitions=8)
