"""The record in MongoDB: one document an entry, in a database that the services may only add to."""

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import Any

from pymongo import AsyncMongoClient, ReturnDocument

from twinpath.identity.audit.interface import AuditLog, Entry, Wanted
from twinpath.mongo_client import durable_database, unavailable

ENTRIES = "entries"
_AWAY = "the audit record in MongoDB can't be reached"
_KEY_BYTES = 32


def audit_database_name(identity_database: str) -> str:
    """The name of the record's own database."""
    return f"{identity_database}_audit"


class MongoAuditLog(AuditLog):
    """Entries are in a majority's journal before `add` returns. The key of pseudonyms is in `identity_database`."""

    def __init__(self, client: AsyncMongoClient[dict[str, Any]], identity_database: str) -> None:
        self._entries = durable_database(client, audit_database_name(identity_database))[ENTRIES]
        self._keys = durable_database(client, identity_database)["audit_key"]

    async def prepare(self) -> None:
        """Make the key, and the indexes that reading needs. Raises Unavailable."""
        with unavailable(_AWAY):
            await self._entries.create_index([("at", 1)])
            await self._entries.create_index([("actor", 1), ("at", 1)])
        await self._made_key()

    async def read_key(self) -> bytes:
        """The key that pseudonyms are made with, made where there is none and this account may: else `twinpath init`
        does. Raises Unavailable."""
        with unavailable(_AWAY):
            document = await self._keys.find_one({"_id": "audit"})
        return await self._made_key() if document is None else bytes(document["key"])

    async def _made_key(self) -> bytes:
        with unavailable(_AWAY):
            document = await self._keys.find_one_and_update(
                {"_id": "audit"},
                {"$setOnInsert": {"key": secrets.token_bytes(_KEY_BYTES)}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        assert document is not None, "an upsert answers with a document"
        return bytes(document["key"])

    async def add(self, entries: Sequence[Entry]) -> None:
        """See AuditLog.add."""
        with unavailable(_AWAY):
            await self._entries.insert_many([_document(entry) for entry in entries])

    async def read(self, wanted: Wanted) -> AsyncIterator[Entry]:
        """See AuditLog.read."""
        with unavailable(_AWAY):
            async for document in self._entries.find(_filter(wanted), {"_id": 0}).sort([("at", 1), ("_id", 1)]):
                yield Entry(**document)


def _document(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in asdict(entry).items() if value is not None}


def _filter(wanted: Wanted) -> dict[str, Any]:
    within = {name: at for name, at in (("$gte", wanted.since), ("$lt", wanted.until)) if at is not None}
    named = {"actor": wanted.actor, "action": wanted.action, "outcome": wanted.outcome}
    return {**({"at": within} if within else {}), **{name: value for name, value in named.items() if value is not None}}
