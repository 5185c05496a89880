"""A MongoDB that asks for authentication, set up by `twinpath init`; each account's password is its name."""

import asyncio
import secrets
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pymongo import MongoClient

from command_service.application import COMMANDS
from deploy.local.install import find_or_install
from deploy.local.mongodb import Mongod
from deploy.local.ports import HOST, hold_port
from twinpath.servers.accounts import ACCOUNTS
from twinpath.servers.initialising import initialise
from twinpath.servers.settings import Settings


class GuardedMongoDB:
    """A replica set of one. `host` is its address, as host:port."""

    def __init__(self, folder: Path) -> None:
        key = folder / "key"
        key.write_text(secrets.token_hex(16))
        key.chmod(0o400)
        self.mongod = Mongod(find_or_install().mongod, folder, hold_port(), ["--keyFile", str(key)])
        self.host = f"{HOST}:{self.mongod.port}"

    def start(self) -> None:
        """Start it and make its administrator, as the official image does while nobody is there yet; then init."""
        self.mongod.start()
        with MongoClient[dict[str, Any]](self.host, directConnection=True) as client:
            client.admin.command("replSetInitiate", {"_id": "rs0", "members": [{"_id": 0, "host": self.host}]})
        with MongoClient[dict[str, Any]](self.host, replicaSet="rs0") as client:
            client.admin.command("createUser", "admin", pwd="admin", roles=["root"])
        asyncio.run(self.initialise())

    def url(self, account: str, password: str = "") -> str:
        """The address for an account."""
        return f"mongodb://{account}:{password or account}@{self.host}/?replicaSet=rs0"

    async def initialise(self, **changed: Any) -> list[str]:
        """What `twinpath init` says when it is run with these settings."""
        passwords = {f"{account}_password": SecretStr(account) for account in ACCOUNTS}
        usual = {"mongodb_url": f"mongodb://admin:admin@{self.host}/", "replica_set_members": self.host, **passwords}
        settings = Settings(**{**usual, **changed})
        return [done async for done in initialise(settings, COMMANDS)]
