"""Keys in MongoDB, in a database of their own, so that they can be backed up, restored and kept from others apart.

A destroyed key leaves its document without the key, so that nobody makes it again.
"""

import secrets
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from pymongo import AsyncMongoClient, ReturnDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, DuplicateKeyError

from twinpath.clock import utc_now
from twinpath.errors import Unavailable
from twinpath.mongo_client import durable_database, unavailable
from twinpath.personal_data.interface import ACTORS, CLAIMS, ERASED_ACTOR, KEY_BYTES, KeyStore
from twinpath.personal_data.new_keys import NewKeys
from twinpath.personal_data.pseudonyms import caller_digest, new_pseudonym

_AWAY = "the keys of personal data can't be reached"
_Collection = AsyncCollection[dict[str, Any]]


class MongoKeyStore(KeyStore):
    """A KeyStore."""

    def __init__(self, client: AsyncMongoClient[dict[str, Any]], database: str) -> None:
        database_of_keys = durable_database(client, database)
        self._keys, self._actors = database_of_keys["personal_keys"], database_of_keys["actors"]
        self._new = NewKeys(self._insert)

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

    async def new_key(self, owner: str) -> bytes | None:
        key = secrets.token_bytes(KEY_BYTES)
        with unavailable(_AWAY):
            try:
                return await self._new.keep(owner, key)
            except BulkWriteError:  # one of those that were made at once was there already
                return await self.key_for(owner)

    async def destroy(self, owner: str) -> None:
        gone = {"key": None, "destroyed_at": utc_now(), "confirmed": False}
        with unavailable(_AWAY):
            for _ in range(2):  # whoever is in the way made the key this moment, or else destroyed it
                with suppress(DuplicateKeyError):
                    await self._keys.update_one({"_id": owner, "key": {"$ne": None}}, {"$set": gone}, upsert=True)
                    break
            await self._actors.delete_many({"owner": owner})

    async def confirm(self, owner: str) -> None:
        await self.destroy(owner)
        with unavailable(_AWAY):
            await self._keys.update_one({"_id": owner}, {"$set": {"confirmed": True}})

    async def unconfirmed(self, before: datetime) -> list[str]:
        with unavailable(_AWAY):
            return await self._keys.distinct("_id", {"confirmed": False, "destroyed_at": {"$lt": before}})

    async def pseudonym(self, issuer: str, subject: str, owner: str | None) -> str:
        key = await self.key_for(ACTORS)
        if key is None:
            raise Unavailable("the key of actors is destroyed: bring the keys' backup back")
        row = {"name": new_pseudonym(), "issuer": issuer, "subject": subject, "owner": owner}
        digest = caller_digest(key, issuer, subject)
        with unavailable(_AWAY):
            actor = await self._upserted(self._actors, digest, row)
            if owner is not None and await self.key_for(owner) is None:  # destroyed, perhaps this moment
                await self._actors.delete_one({"_id": digest})
                return ERASED_ACTOR
        return str(actor["name"])

    async def caller_behind(self, pseudonym: str) -> tuple[str, str] | None:
        with unavailable(_AWAY):
            row = await self._actors.find_one({"name": pseudonym})
        return None if row is None else (row["issuer"], row["subject"])

    async def prepare(self) -> None:
        """Make the keys of claims and actors, and the indexes. Raises Unavailable."""
        await self.key_for(CLAIMS)
        await self.key_for(ACTORS)
        with unavailable(_AWAY):
            await self._actors.create_index("name")
            await self._actors.create_index("owner")
            await self._keys.create_index("destroyed_at", partialFilterExpression={"confirmed": False})

    async def _insert(self, new: Mapping[str, bytes]) -> None:
        await self._keys.insert_many([{"_id": owner, "key": key} for owner, key in new.items()], ordered=False)

    async def _made(self, owner: str) -> dict[str, Any]:
        """Make the key unless somebody made or destroyed it before; the document that stands."""
        return await self._upserted(self._keys, owner, {"key": secrets.token_bytes(KEY_BYTES)})

    async def _upserted(self, kept: _Collection, document_id: str, fields: dict[str, Any]) -> dict[str, Any]:
        """The document with this id, made of these fields where there was none."""
        for _ in range(2):  # of two that make it at once the second meets a duplicate key, and then finds it
            try:
                document = await kept.find_one_and_update(
                    {"_id": document_id}, {"$setOnInsert": fields}, upsert=True, return_document=ReturnDocument.AFTER
                )
                assert document is not None, "an upsert answers with a document"
                return document
            except DuplicateKeyError:
                continue
        raise Unavailable(f"the key of {document_id} can't be made")
