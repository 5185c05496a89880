"""Whether MongoDB is a replica set that answers, and whether this account has the rights that a service needs."""

from collections.abc import Mapping
from typing import Any

from pymongo import AsyncMongoClient

from twinpath.errors import TwinpathError

READ = frozenset({"find", "changeStream", "listCollections"})
WRITE = READ | {"insert", "update", "remove", "createCollection", "createIndex"}

Client = AsyncMongoClient[dict[str, Any]]


class Unfit(TwinpathError):
    """The server answers, but a service could not work with it."""

    code = "server_unfit"


async def replica_set(client: Client) -> str:
    """Which replica set it is. Raises Unfit, PyMongoError."""
    hello = await client.admin.command("hello")
    if "setName" not in hello:
        raise Unfit("not a replica set, which transactions and change streams need")
    version = (await client.server_info())["version"]
    return f"replica set {hello['setName']}, primary {hello.get('primary')}, version {version}"


async def rights(client: Client, needed: Mapping[str, frozenset[str]]) -> str:
    """Check that the account may do all of `needed`: database -> actions. Raises Unfit, PyMongoError."""
    login = (await client.admin.command("connectionStatus", showPrivileges=True))["authInfo"]
    users = ", ".join(user["user"] for user in login["authenticatedUsers"])
    for database, actions in needed.items():
        if not users:  # either the server asks nobody, or this is refused
            await client[database].list_collection_names()
            continue
        granted = _granted(login["authenticatedUserPrivileges"], database)
        if missing := actions - granted:
            raise Unfit(f"{users} has no right to {', '.join(sorted(missing))} in the database {database}")
    return f"{users} has every right it needs" if users else "no login, and the server asks for none"


def _granted(privileges: list[dict[str, Any]], database: str) -> set[str]:
    actions_granted: set[str] = set()
    for privilege in privileges:
        resource = privilege["resource"]
        if resource.get("anyResource") or (resource.get("db") in ("", database) and not resource["collection"]):
            actions_granted.update(privilege["actions"])
    return actions_granted
