"""Timers in MongoDB, beside what processes have parked; those of version 0.1 lie beside the log."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields
from datetime import datetime

from pymongo import ASCENDING, AsyncMongoClient
from pymongo.errors import DuplicateKeyError, PyMongoError

from twinpath.commands.processes.places import processes_database
from twinpath.commands.processes.timers import OldTimer, Timer, Timers, timer_id
from twinpath.errors import Unavailable
from twinpath.log.commits import Document
from twinpath.mongo_client import driver_message
from twinpath.views.mongodb.transactions import DURABLE, MAJORITY

_FIELDS = [field.name for field in fields(Timer)]
_OLD_FIELDS = [field.name for field in fields(OldTimer)]


class MongoTimers(Timers):
    """Timers of the processes that follow the log in `log_database`."""

    def __init__(self, client: AsyncMongoClient[Document], log_database: str) -> None:
        self._kept = processes_database(client, log_database)["timers"]
        self._old = client[log_database].get_collection("schedule", read_concern=MAJORITY, write_concern=DURABLE)

    async def prepare(self) -> None:
        """Make the index. Raises Unavailable."""
        with _our_errors():
            await self._kept.create_index([("process", ASCENDING), ("try_at", ASCENDING)])

    async def put(self, timer: Timer) -> None:
        earlier = {"_id": timer.id, "cause_at": {"$lt": timer.cause_at}}
        with _our_errors(), suppress(DuplicateKeyError):  # the same event, or a later one, has set it
            await self._kept.replace_one(earlier, {**asdict(timer), "try_at": timer.due}, upsert=True)

    async def cancel(self, process: str, kind: str, stream: str) -> None:
        with _our_errors():
            await self._kept.delete_one({"_id": timer_id(process, kind, stream)})

    async def due(self, process: str, now: datetime, limit: int = 100) -> Sequence[Timer]:
        return await self._found({"process": process, "try_at": {"$lte": now}}, "try_at", limit)

    async def carried_out(self, timer: Timer) -> None:
        with _our_errors():
            await self._kept.delete_one({"_id": timer.id, "cause": timer.cause})

    async def postpone(self, timer: Timer, reason: str, until: datetime | None) -> None:
        failed = {"attempts": timer.attempts + 1, "reason": reason, "try_at": until}
        with _our_errors():
            await self._kept.update_one({"_id": timer.id, "cause": timer.cause}, {"$set": failed})

    async def parked(self, process: str, limit: int = 100) -> Sequence[Timer]:
        return await self._found({"process": process, "try_at": None}, "_id", limit)

    async def parked_count(self, process: str) -> int:
        with _our_errors():
            return await self._kept.count_documents({"process": process, "try_at": None})

    async def old_due(self, now: datetime, limit: int = 100) -> Sequence[OldTimer]:
        with _our_errors():
            documents = await self._old.find({"due": {"$lte": now}}).sort("due", ASCENDING).limit(limit).to_list()
        return [OldTimer(**{name: document[name] for name in _OLD_FIELDS}) for document in documents]

    async def forget_old(self, timer: OldTimer) -> None:
        with _our_errors():
            await self._old.delete_one({"_id": f"{timer.kind}/{timer.stream}"})

    async def _found(self, where: Document, order: str, limit: int) -> Sequence[Timer]:
        with _our_errors():
            documents = await self._kept.find(where).sort(order, ASCENDING).limit(limit).to_list()
        return [Timer(**{name: document[name] for name in _FIELDS}) for document in documents]


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise Unavailable(f"the timers can't be reached: {driver_message(error)}") from error
