"""The record in MongoDB: one document an entry, in a collection that the services may only add to."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import Any

from pymongo import AsyncMongoClient

from twinpath.identity.audit.interface import AuditLog, Entry, Wanted
from twinpath.mongo_client import durable_database, unavailable

COLLECTION = "audit"
_AWAY = "the audit record can't be reached"


class MongoAuditLog(AuditLog):
    """Entries are written to a majority's journal before `add` returns."""

    def __init__(self, client: AsyncMongoClient[dict[str, Any]], database: str) -> None:
        self._entries = durable_database(client, database)[COLLECTION]

    async def prepare(self) -> None:
        """Make the indexes that reading needs."""
        with unavailable(_AWAY):
            await self._entries.create_index([("at", 1)])
            await self._entries.create_index([("actor", 1), ("at", 1)])

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
