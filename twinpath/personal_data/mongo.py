"""Keys in MongoDB, in a database of their own, so that they can be backed up, restored and kept from others apart.

A destroyed key leaves its document without the key, so that nobody makes it again.
"""

import secrets
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from typing import Any

from pymongo import AsyncMongoClient, ReturnDocument
from pymongo.errors import DuplicateKeyError

from twinpath.clock import utc_now
from twinpath.errors import Unavailable
from twinpath.mongo_client import durable_database, unavailable
from twinpath.personal_data.interface import CLAIMS, KEY_BYTES, KeyStore

_AWAY = "the keys of personal data can't be reached"


class MongoKeyStore(KeyStore):
    """A KeyStore."""

    def __init__(self, client: AsyncMongoClient[dict[str, Any]], database: str) -> None:
        self._keys = durable_database(client, database)["personal_keys"]

    async def keys(self, owners: Collection[str]) -> dict[str, bytes]:
        with unavailable(_AWAY):
            documents = await self._keys.find({"_id": {"$in": list(owners)}, "key": {"$ne": None}}).to_list()
        return {document["_id"]: bytes(document["key"]) for document in documents}

    async def key_for(self, owner: str) -> bytes | None:
        with unavailable(_AWAY):
            document = await self._keys.find_one({"_id": owner})
            if document is None:
                document = await self._made(owner)
        return None if document["key"] is None else bytes(document["key"])

    async def destroy(self, owner: str) -> None:
        gone = {"key": None, "destroyed_at": utc_now(), "confirmed": False}
        with unavailable(_AWAY):
            for _ in range(2):  # whoever is in the way made the key this moment, or else destroyed it
                with suppress(DuplicateKeyError):
                    await self._keys.update_one({"_id": owner, "key": {"$ne": None}}, {"$set": gone}, upsert=True)
                    return

    async def confirm(self, owner: str) -> None:
        await self.destroy(owner)
        with unavailable(_AWAY):
            await self._keys.update_one({"_id": owner}, {"$set": {"confirmed": True}})

    async def unconfirmed(self, before: datetime) -> list[str]:
        with unavailable(_AWAY):
            return await self._keys.distinct("_id", {"confirmed": False, "destroyed_at": {"$lt": before}})

    async def prepare(self) -> None:
        """Make the key of claims, and the index of what is unconfirmed, which is small. Raises Unavailable."""
        await self.key_for(CLAIMS)
        with unavailable(_AWAY):
            await self._keys.create_index("destroyed_at", partialFilterExpression={"confirmed": False})

    async def _made(self, owner: str) -> dict[str, Any]:
        """Make the key unless somebody made or destroyed it before; the document that stands."""
        for _ in range(2):  # of two that make it at once the second meets a duplicate key, and then finds it
            try:
                document = await self._keys.find_one_and_update(
                    {"_id": owner},
                    {"$setOnInsert": {"key": secrets.token_bytes(KEY_BYTES)}},
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
                assert document is not None, "an upsert answers with a document"
                return document
            except DuplicateKeyError:
                continue
        raise Unavailable(f"the key of {owner} can't be made")
