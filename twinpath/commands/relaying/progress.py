"""The leader of the relay, and how far each log is published: kept in MongoDB, beside the log.

One leader at a time by a lease whose times are the server's. Each new leader has a higher epoch and writes it into
every watermark before it publishes; a paused ex-leader's writes carry the old epoch and change nothing (fencing
tokens: Martin Kleppmann, "How to do distributed locking", 2016).
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from pymongo import AsyncMongoClient, ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from twinpath.errors import TwinpathError
from twinpath.log.commits import Document
from twinpath.mongo_client import durable_database, unavailable

_LEASE = "relay"
_AWAY = "the relay's progress can't be kept"


class LeaseLost(TwinpathError):
    """Another replica leads the relay now."""

    code = "lease_lost"


class RelayProgress:
    """The lease and the watermarks, as one replica (`holder`) sees them."""

    def __init__(self, client: AsyncMongoClient[Document], database: str, holder: str, lease_seconds: float) -> None:
        kept = durable_database(client, database)
        self._leases = kept.get_collection("relay_leases")
        self._watermarks = kept.get_collection("relay_watermarks")
        self._holder = holder
        self._lease_milliseconds = int(lease_seconds * 1000)

    async def acquire(self) -> int | None:
        """Take the lease when it is free, has run out or is ours; the epoch, or None while another replica leads."""
        free = {"$or": [{"$lt": ["$expires_at", "$$NOW"]}, {"$eq": ["$holder", self._holder]}]}
        take = {"holder": self._holder, "epoch": {"$add": ["$epoch", 1]}, "expires_at": self._expiry()}
        never_held = {"holder": None, "epoch": 0, "expires_at": datetime.fromtimestamp(0, UTC)}
        with unavailable(_AWAY):
            with suppress(DuplicateKeyError):  # two replicas made it at once
                await self._leases.update_one({"_id": _LEASE}, {"$setOnInsert": never_held}, upsert=True)
            lease = await self._leases.find_one_and_update(
                {"_id": _LEASE, "$expr": free}, [{"$set": take}], return_document=ReturnDocument.AFTER
            )
        return None if lease is None else int(lease["epoch"])

    async def renew(self, epoch: int) -> None:
        """Hold the lease for another term. Raises LeaseLost, Unavailable."""
        with unavailable(_AWAY):
            mine = {"_id": _LEASE, "holder": self._holder, "epoch": epoch}
            renewed = await self._leases.update_one(mine, [{"$set": {"expires_at": self._expiry()}}])
        if renewed.matched_count == 0:
            raise LeaseLost(f"epoch {epoch} of the relay is over")

    async def release(self, epoch: int) -> None:
        """Let another replica take over at once."""
        with unavailable(_AWAY):
            await self._leases.update_one(
                {"_id": _LEASE, "holder": self._holder, "epoch": epoch}, [{"$set": {"expires_at": "$$NOW"}}]
            )

    async def claim(self, logs: Iterable[str], epoch: int) -> dict[str, int]:
        """Fence every watermark with this epoch; how far each log is published. Raises LeaseLost, Unavailable."""
        return {log: await self._claim(log, epoch) for log in logs}

    async def _claim(self, log: str, epoch: int) -> int:
        with unavailable(_AWAY):
            try:
                watermark = await self._watermarks.find_one_and_update(
                    {"_id": log, "epoch": {"$lt": epoch}},
                    {"$set": {"epoch": epoch}, "$setOnInsert": {"position": 0}},
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
            except DuplicateKeyError as error:
                raise LeaseLost(f"epoch {epoch} of the relay is over") from error
        assert watermark is not None, "an upsert answers with a document"
        return int(watermark["position"])

    async def advance(self, positions: Mapping[str, int], epoch: int) -> None:
        """Say that these logs are published up to these positions. Raises LeaseLost, Unavailable."""
        moves = [
            UpdateOne({"_id": log, "epoch": epoch}, {"$set": {"position": position}})
            for log, position in positions.items()
        ]
        with unavailable(_AWAY):
            result = await self._watermarks.bulk_write(moves, ordered=False)
        if result.matched_count < len(moves):
            raise LeaseLost(f"epoch {epoch} of the relay is over")

    def _expiry(self) -> Document:
        return {"$add": ["$$NOW", self._lease_milliseconds]}
