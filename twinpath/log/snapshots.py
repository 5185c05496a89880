"""Snapshots: what a long stream has folded to, kept so that its next command need not read it all.

A snapshot is only ever a shortcut: one that is lost, late or of another schema costs a longer load and nothing else.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from pymongo import AsyncMongoClient
from pymongo.errors import DuplicateKeyError

from twinpath.log.commits import Document
from twinpath.mongo_client import durable_database, unavailable

_AWAY = "snapshots can't be reached"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An aggregate's state after `version`, as JSON data; log and position are those of that version's event.

    `schema` says which code can read it.
    """

    stream: str
    version: int
    log: str
    position: int
    schema: str
    state: Any


class SnapshotStore(Protocol):
    """Keeps the latest snapshot of each stream."""

    async def latest(self, stream: str, schema: str) -> Snapshot | None:
        """The stream's snapshot, if it has one of this schema. Raises Unavailable."""

    async def keep(self, snapshot: Snapshot) -> None:
        """Keep it, unless one of a higher version and the same schema is kept already. Raises Unavailable."""


class InMemorySnapshotStore(SnapshotStore):
    """A SnapshotStore in this process's memory."""

    def __init__(self) -> None:
        self._snapshots: dict[str, Snapshot] = {}

    async def latest(self, stream: str, schema: str) -> Snapshot | None:
        snapshot = self._snapshots.get(stream)
        return snapshot if snapshot is not None and snapshot.schema == schema else None

    async def keep(self, snapshot: Snapshot) -> None:
        kept = await self.latest(snapshot.stream, snapshot.schema)
        if kept is None or kept.version < snapshot.version:
            self._snapshots[snapshot.stream] = snapshot


class MongoSnapshotStore(SnapshotStore):
    """A SnapshotStore in MongoDB, read at majority: what a rollback takes back was never in it."""

    def __init__(self, client: AsyncMongoClient[Document], database: str) -> None:
        self._snapshots = durable_database(client, database)["snapshots"]

    async def latest(self, stream: str, schema: str) -> Snapshot | None:
        with unavailable(_AWAY):
            document = await self._snapshots.find_one({"_id": stream, "schema": schema})
        if document is None:
            return None
        return Snapshot(stream, document["version"], document["log"], document["position"], schema, document["state"])

    async def keep(self, snapshot: Snapshot) -> None:
        lower = {"$or": [{"version": {"$lt": snapshot.version}}, {"schema": {"$ne": snapshot.schema}}]}
        fields = asdict(snapshot)
        del fields["stream"]  # the `_id`
        with unavailable(_AWAY), suppress(DuplicateKeyError):  # a higher one is there
            await self._snapshots.update_one({"_id": snapshot.stream, **lower}, {"$set": fields}, upsert=True)
