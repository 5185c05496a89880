"""Commands that are due at a later time: kept until they are done, so that they survive a restart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pymongo import ASCENDING, AsyncMongoClient, WriteConcern
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from twinpath.errors import Unavailable
from twinpath.log.commits import Document
from twinpath.mongo_client import said


@dataclass(frozen=True, slots=True)
class Appointment:
    """At `due` (UTC) something is to be done to this stream; one stream has at most one of a kind."""

    kind: str
    stream: str
    due: datetime
    cause: str
    """Id of the event that made it."""
    correlation_id: str


class Schedule(Protocol):
    """Keeps appointments."""

    async def put(self, appointment: Appointment) -> None:
        """Keep it; the same kind for the same stream again changes nothing. Raises Unavailable."""
        ...

    async def remove(self, kind: str, stream: str) -> None:
        """Forget it; one that is not there is fine. Raises Unavailable."""
        ...

    async def due(self, now: datetime, limit: int = 100) -> Sequence[Appointment]:
        """Those whose time has come, the oldest first. Raises Unavailable."""
        ...


class InMemorySchedule:
    """A Schedule in this process's memory."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Appointment] = {}

    async def put(self, appointment: Appointment) -> None:
        """See Schedule.put."""
        self._kept.setdefault((appointment.kind, appointment.stream), appointment)

    async def remove(self, kind: str, stream: str) -> None:
        """See Schedule.remove."""
        self._kept.pop((kind, stream), None)

    async def due(self, now: datetime, limit: int = 100) -> Sequence[Appointment]:
        """See Schedule.due."""
        found = [appointment for appointment in self._kept.values() if appointment.due <= now]
        return sorted(found, key=lambda appointment: appointment.due)[:limit]


class MongoSchedule:
    """A Schedule in MongoDB, beside the log."""

    def __init__(self, client: AsyncMongoClient[Document], database: str) -> None:
        durable = WriteConcern("majority", j=True, wtimeout=10_000)
        self._kept = client[database].get_collection(
            "schedule", read_concern=ReadConcern("majority"), write_concern=durable
        )

    async def prepare(self) -> None:
        """Make the index. Raises Unavailable."""
        try:
            await self._kept.create_index([("due", ASCENDING)])
        except PyMongoError as error:
            raise _away(error) from error

    async def put(self, appointment: Appointment) -> None:
        """See Schedule.put."""
        fields = {
            "kind": appointment.kind,
            "stream": appointment.stream,
            "due": appointment.due,
            "cause": appointment.cause,
            "correlation_id": appointment.correlation_id,
        }
        try:
            await self._kept.update_one(
                {"_id": _id(appointment.kind, appointment.stream)}, {"$setOnInsert": fields}, True
            )
        except PyMongoError as error:
            raise _away(error) from error

    async def remove(self, kind: str, stream: str) -> None:
        """See Schedule.remove."""
        try:
            await self._kept.delete_one({"_id": _id(kind, stream)})
        except PyMongoError as error:
            raise _away(error) from error

    async def due(self, now: datetime, limit: int = 100) -> Sequence[Appointment]:
        """See Schedule.due."""
        try:
            found = await self._kept.find({"due": {"$lte": now}}).sort("due", ASCENDING).limit(limit).to_list()
        except PyMongoError as error:
            raise _away(error) from error
        return [
            Appointment(one["kind"], one["stream"], one["due"], one["cause"], one["correlation_id"]) for one in found
        ]


def _id(kind: str, stream: str) -> str:
    return f"{kind}/{stream}"


def _away(error: PyMongoError) -> Unavailable:
    return Unavailable(f"the schedule can't be reached: {said(error)}")
