"""How far processes have got in each log: marks of progress, written behind the handling, that never go back."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pymongo import AsyncMongoClient, UpdateOne

from twinpath.log.commits import Document
from twinpath.mongo_client import durable_database, unavailable

_AWAY = "the process's progress can't be kept"


class Checkpoints(Protocol):
    """Checkpoints of every process. Every call raises Unavailable."""

    async def positions(self, process: str, logs: Sequence[str]) -> Mapping[str, int]:
        """By log the position of the last event handled; 0 where there is none."""

    async def begin(self, process: str, positions: Mapping[str, int]) -> None:
        """Have a process begin behind these positions, in those logs in which it has no checkpoint."""

    async def move(self, process: str, positions: Mapping[str, int]) -> None:
        """Move forward to these positions, by log; a later one that stands already is kept."""


class InMemoryCheckpoints(Checkpoints):
    """Checkpoints in this process's memory."""

    def __init__(self) -> None:
        self._positions: dict[tuple[str, str], int] = {}

    async def positions(self, process: str, logs: Sequence[str]) -> Mapping[str, int]:
        return {log: self._positions.get((process, log), 0) for log in logs}

    async def begin(self, process: str, positions: Mapping[str, int]) -> None:
        for log, position in positions.items():
            self._positions.setdefault((process, log), position)

    async def move(self, process: str, positions: Mapping[str, int]) -> None:
        for log, position in positions.items():
            self._positions[process, log] = max(position, self._positions.get((process, log), 0))


class MongoCheckpoints(Checkpoints):
    """Checkpoints in MongoDB, beside the log."""

    def __init__(self, client: AsyncMongoClient[Document], log_database: str) -> None:
        self._kept = durable_database(client, log_database)["process_checkpoints"]

    async def positions(self, process: str, logs: Sequence[str]) -> Mapping[str, int]:
        with unavailable(_AWAY):
            documents = await self._kept.find({"_id": {"$in": [f"{process}/{log}" for log in logs]}}).to_list()
        stored = {document["_id"]: int(document["position"]) for document in documents}
        return {log: stored.get(f"{process}/{log}", 0) for log in logs}

    async def begin(self, process: str, positions: Mapping[str, int]) -> None:
        await self._update(process, positions, "$setOnInsert")

    async def move(self, process: str, positions: Mapping[str, int]) -> None:
        await self._update(process, positions, "$max")

    async def _update(self, process: str, positions: Mapping[str, int], operator: str) -> None:
        steps = [
            UpdateOne({"_id": f"{process}/{log}"}, {operator: {"position": position}}, upsert=True)
            for log, position in positions.items()
        ]
        with unavailable(_AWAY):
            await self._kept.bulk_write(steps, ordered=False)
