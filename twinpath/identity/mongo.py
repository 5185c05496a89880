"""Machine keys in MongoDB, in a database of their own, and last uses in another: services can't write keys."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pymongo import AsyncMongoClient, WriteConcern
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from twinpath.errors import Unavailable
from twinpath.identity.machine_keys import MachineKey
from twinpath.mongo_client import driver_message


def uses_database_name(identity_database: str) -> str:
    """The name of the database of last uses, which services may write."""
    return f"{identity_database}_uses"


class MongoMachineKeys:
    """A MachineKeyStore."""

    def __init__(self, client: AsyncMongoClient[dict[str, Any]], database: str) -> None:
        self._keys = client[database].get_collection(
            "machine_keys",
            read_concern=ReadConcern("majority"),
            write_concern=WriteConcern("majority", j=True, wtimeout=10_000),
        )
        uses = client[uses_database_name(database)]
        self._uses = uses.get_collection("machine_key_uses", write_concern=WriteConcern(1))

    async def add(self, key: MachineKey) -> None:
        """See MachineKeyStore.add."""
        document = asdict(key)
        del document["last_use"]
        with _our_errors():
            await self._keys.insert_one({"_id": document.pop("id"), **document})

    async def get(self, key_id: str) -> MachineKey | None:
        """See MachineKeyStore.get."""
        with _our_errors():
            document = await self._keys.find_one({"_id": key_id})
            if document is None:
                return None
            use = await self._uses.find_one({"_id": key_id})
        return _key(document, use)

    async def every(self) -> Sequence[MachineKey]:
        """See MachineKeyStore.every."""
        with _our_errors():
            documents = await self._keys.find().sort([("created", 1), ("_id", 1)]).to_list()
            uses = {use["_id"]: use async for use in self._uses.find()}
        return [_key(document, uses.get(document["_id"])) for document in documents]

    async def revoke(self, key_id: str, at: datetime) -> bool:
        """See MachineKeyStore.revoke."""
        with _our_errors():
            changed = await self._keys.update_one({"_id": key_id, "revoked": None}, {"$set": {"revoked": at}})
        return changed.modified_count == 1

    async def note_use(self, key_id: str, at: datetime) -> None:
        """See MachineKeyStore.note_use."""
        with _our_errors():
            await self._uses.update_one({"_id": key_id}, {"$max": {"at": at}}, upsert=True)


def _key(document: dict[str, Any], use: dict[str, Any] | None) -> MachineKey:
    key_id, permissions = document.pop("_id"), tuple(document.pop("permissions"))
    return MachineKey(id=key_id, permissions=permissions, last_use=use["at"] if use else None, **document)


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise Unavailable(f"the machine keys in MongoDB can't be reached: {driver_message(error)}") from error
