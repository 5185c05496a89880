"""MongoDB's side: the replica set, and the accounts with their rights. All of it may be done again at any time."""

from collections.abc import Sequence
from typing import Any

import structlog
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from twinpath.commands.processes.places import processes_database_name
from twinpath.errors import TwinpathError
from twinpath.identity.audit.mongo import ENTRIES, audit_database_name
from twinpath.identity.mongo import uses_database_name
from twinpath.servers.accounts import ACCOUNTS, Account, Passwords

REPLICA_SET = "rs0"
_NOT_YET_INITIALIZED, _NO_SUCH_USER, _NO_SUCH_ROLE, _AUTHENTICATION_FAILED = 94, 11, 31, 18
ADDS_TO_AUDIT = "twinpathAddsToAudit"

_log = structlog.get_logger(__name__)


class WrongPassword(TwinpathError):
    """Trying again would not help."""

    code = "wrong_password"


def rights(log: str, keys: str, views: str, identity: str) -> dict[Account, dict[str, str]]:
    """Account -> database -> MongoDB's built-in role there.

    The query service sees neither the log nor the keys; only the projector, and the command line, write views. The
    command line may repair what processes have parked and make machine keys, but not write to the log. It may see how
    the server does, as an exporter of metrics must.
    """
    processes, uses = processes_database_name(log), uses_database_name(identity)
    of_services = {identity: "read", uses: "readWrite"}
    repairs = {views: "readWrite", processes: "readWrite", identity: "readWrite"}
    return {
        "command": {log: "readWrite", keys: "readWrite", processes: "readWrite", **of_services},
        "projector": {log: "read", keys: "read", views: "readWrite", **of_services},
        "query": {views: "read", **of_services},
        "tools": {
            log: "read",
            keys: "read",
            uses: "read",
            audit_database_name(identity): "read",
            **repairs,
            "admin": "clusterMonitor",
        },
    }


async def make_replica_set(url: str, members: Sequence[str], patience: float = 60.0) -> None:
    """Make a replica set of these members (`host:port`) unless they are one; `url` leads to the first of them.

    Raises:
        WrongPassword: it knows the administrator under another one.
        PyMongoError: it does not answer within `patience` seconds.
    """
    config = {"_id": REPLICA_SET, "members": [{"_id": n, "host": host} for n, host in enumerate(members)]}
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(
        url, directConnection=True, replicaSet=None, serverSelectionTimeoutMS=int(patience * 1000)
    ) as client:
        try:
            await client.admin.command("replSetGetStatus")
        except OperationFailure as failure:
            if failure.code == _AUTHENTICATION_FAILED:
                raise WrongPassword(
                    "MongoDB refuses the administrator's password; its data was made with another one, see .env"
                ) from failure
            if failure.code != _NOT_YET_INITIALIZED:
                raise
            await client.admin.command("replSetInitiate", config)
            _log.info("replica_set_made", members=list(members))


async def make_accounts(
    client: AsyncMongoClient[dict[str, Any]], passwords: Passwords, *databases: str
) -> list[Account]:
    """Give each account that has a password this password and its `rights` in the databases, and no others; those
    accounts."""
    await _make_role(client, databases[-1])
    made: list[Account] = []
    for account in ACCOUNTS:
        if (password := passwords.password_of(account)) is None:
            continue
        granted = [*rights(*databases)[account].items(), ("admin", ADDS_TO_AUDIT)]
        roles = [{"db": database, "role": role} for database, role in granted]
        try:
            await client.admin.command("updateUser", account, pwd=password, roles=roles)
        except OperationFailure as failure:
            if failure.code != _NO_SUCH_USER:
                raise
            await client.admin.command("createUser", account, pwd=password, roles=roles)
        made.append(account)
    return made


async def _make_role(client: AsyncMongoClient[dict[str, Any]], identity: str) -> None:
    """The right to add to the audit record, and to nothing else of it."""
    place = {"db": audit_database_name(identity), "collection": ENTRIES}
    privileges = [{"resource": place, "actions": ["insert"]}]
    try:
        await client.admin.command("updateRole", ADDS_TO_AUDIT, privileges=privileges, roles=[])
    except OperationFailure as failure:
        if failure.code != _NO_SUCH_ROLE:
            raise
        await client.admin.command("createRole", ADDS_TO_AUDIT, privileges=privileges, roles=[])


def patiently(seconds: float, *errors: type[Exception]) -> AsyncRetrying:
    """Try again every half second for so many seconds, then raise what was raised last."""
    return AsyncRetrying(
        retry=retry_if_exception_type(errors), stop=stop_after_delay(seconds), wait=wait_fixed(0.5), reraise=True
    )
