"""Keys in MongoDB, in a database of their own, so that they can be backed up, restored and kept from others apart.

A destroyed key leaves its document without the key, so that nobody makes it again.
"""

import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from pymongo import AsyncMongoClient, ReturnDocument, WriteConcern
from pymongo.errors import DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern

from twinpath.clock import utc_now
from twinpath.errors import Unavailable
from twinpath.mongo_client import driver_message
from twinpath.personal_data.interface import CLAIMS, KEY_BYTES, KeyStore


class MongoKeyStore(KeyStore):
    """A KeyStore."""

    def __init__(self, client: AsyncMongoClient[dict[str, Any]], database: str) -> None:
        self._keys = client[database].get_collection(
            "personal_keys",
            read_concern=ReadConcern("majority"),
            write_concern=WriteConcern("majority", j=True, wtimeout=10_000),
        )

    async def keys(self, owners: Collection[str]) -> dict[str, bytes]:
        with _our_errors():
            documents = await self._keys.find({"_id": {"$in": list(owners)}, "key": {"$ne": None}}).to_list()
        return {document["_id"]: bytes(document["key"]) for document in documents}

    async def key_for(self, owner: str) -> bytes | None:
        with _our_errors():
            document = await self._keys.find_one({"_id": owner})
            if document is None:
                document = await self._made(owner)
        return None if document["key"] is None else bytes(document["key"])

    async def destroy(self, owner: str) -> None:
        gone = {"key": None, "destroyed_at": utc_now(), "confirmed": False}
        with _our_errors():
            for _ in range(2):  # whoever is in the way made the key this moment, or else destroyed it
                with suppress(DuplicateKeyError):
                    await self._keys.update_one({"_id": owner, "key": {"$ne": None}}, {"$set": gone}, upsert=True)
                    return

    async def confirm(self, owner: str) -> None:
        await self.destroy(owner)
        with _our_errors():
            await self._keys.update_one({"_id": owner}, {"$set": {"confirmed": True}})

    async def unconfirmed(self, before: datetime) -> list[str]:
        with _our_errors():
            return await self._keys.distinct("_id", {"confirmed": False, "destroyed_at": {"$lt": before}})

    async def prepare(self) -> None:
        """Make the key of claims, and the index of what is unconfirmed, which is small. Raises Unavailable."""
        await self.key_for(CLAIMS)
        with _our_errors():
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


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise Unavailable(f"the keys of personal data can't be reached: {driver_message(error)}") from error
