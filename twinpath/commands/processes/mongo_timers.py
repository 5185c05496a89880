"""Timers in MongoDB, beside what processes have parked; those of version 0.1 lie beside the log."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, fields
from datetime import datetime

from pymongo import ASCENDING, AsyncMongoClient
from pymongo.errors import DuplicateKeyError

from twinpath.commands.processes.places import processes_database_name
from twinpath.commands.processes.timers import ASKED_AT, OldTimer, Timer, Timers, timer_id
from twinpath.log.commits import Document
from twinpath.mongo_client import durable_database, unavailable

_FIELDS = [field.name for field in fields(Timer)]
_OLD_FIELDS = [field.name for field in fields(OldTimer)]

_AWAY = "the timers can't be reached"


class MongoTimers(Timers):
    """Timers of the processes that follow the log in `log_database`."""

    def __init__(self, client: AsyncMongoClient[Document], log_database: str) -> None:
        self._kept = durable_database(client, processes_database_name(log_database))["timers"]
        self._old = durable_database(client, log_database)["schedule"]

    async def prepare(self) -> None:
        """Make the index. Raises Unavailable."""
        with unavailable(_AWAY):
            await self._kept.create_index([("process", ASCENDING), ("try_at", ASCENDING)])

    async def put(self, timer: Timer) -> None:
        earlier = {"_id": timer.id, "cause_at": {"$lt": timer.cause_at}}
        with unavailable(_AWAY), suppress(DuplicateKeyError):  # the same event, or a later one, has set it
            await self._kept.replace_one(earlier, {**asdict(timer), "try_at": timer.due}, upsert=True)

    async def cancel(self, process: str, kind: str, stream: str) -> None:
        with unavailable(_AWAY):
            await self._kept.delete_one({"_id": timer_id(process, kind, stream)})

    async def due(self, process: str, now: datetime, limit: int = 100) -> Sequence[Timer]:
        return await self._found({"process": process, "try_at": {"$lte": now}}, "try_at", limit)

    async def carried_out(self, timer: Timer) -> None:
        with unavailable(_AWAY):
            await self._kept.delete_one({"_id": timer.id, "cause": timer.cause})

    async def postpone(self, timer: Timer, reason: str, until: datetime | None) -> None:
        failed = {"attempts": timer.attempts + 1, "reason": reason, "try_at": until}
        with unavailable(_AWAY):
            await self._kept.update_one({"_id": timer.id, "cause": timer.cause}, {"$set": failed})

    async def parked(self, process: str, limit: int = 100) -> Sequence[Timer]:
        return await self._found({"process": process, "try_at": None}, "_id", limit)

    async def retry(self, process: str, stream: str | None = None) -> int:
        asked = {"process": process, "try_at": None} | ({} if stream is None else {"stream": stream})
        with unavailable(_AWAY):
            return (await self._kept.update_many(asked, {"$set": {"try_at": ASKED_AT}})).modified_count

    async def parked_count(self, process: str) -> int:
        with unavailable(_AWAY):
            return await self._kept.count_documents({"process": process, "try_at": None})

    async def old_due(self, now: datetime, limit: int = 100) -> Sequence[OldTimer]:
        with unavailable(_AWAY):
            documents = await self._old.find({"due": {"$lte": now}}).sort("due", ASCENDING).limit(limit).to_list()
        return [OldTimer(**{name: document[name] for name in _OLD_FIELDS}) for document in documents]

    async def forget_old(self, timer: OldTimer) -> None:
        with unavailable(_AWAY):
            await self._old.delete_one({"_id": f"{timer.kind}/{timer.stream}"})

    async def _found(self, where: Document, order: str, limit: int) -> Sequence[Timer]:
        with unavailable(_AWAY):
            documents = await self._kept.find(where).sort(order, ASCENDING).limit(limit).to_list()
        return [Timer(**{name: document[name] for name in _FIELDS}) for document in documents]
