"""What processes leave aside, kept as projections keep it, so that the same commands list, retry and skip it.

The command line repairs nothing by itself, since a repair of a process sends commands: it asks, with ASKED_AT, and the
command service takes the stream up within a second.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from pymongo import AsyncMongoClient

from twinpath.commands.processes.places import processes_database
from twinpath.domain.views import NOTHING, View
from twinpath.log.commits import Document
from twinpath.views.in_memory.parking import InMemoryParked
from twinpath.views.interface import Batch, Checkpoints
from twinpath.views.mongodb.parking import MongoParked
from twinpath.views.mongodb.statements import our_errors
from twinpath.views.mongodb.transactions import Transactions
from twinpath.views.naming import FIRST_GENERATION, Generation
from twinpath.views.parking import Parked, ParkingChange

ASKED_AT = datetime(1970, 1, 1, tzinfo=UTC)
"""The `tried_at` of a parked stream that somebody asks to be tried again."""


class ProcessParking(Protocol):
    """The parked streams of every process."""

    @property
    def parked(self) -> Parked:
        """What is parked."""
        ...

    async def change(self, changes: Sequence[ParkingChange]) -> None:
        """Change what is parked: all of it or nothing. Raises ParkedMoved, Unavailable."""
        ...


class InMemoryProcessParking:
    """ProcessParking in this process's memory."""

    def __init__(self) -> None:
        self.parked = InMemoryParked()

    async def change(self, changes: Sequence[ParkingChange]) -> None:
        """See ProcessParking.change."""
        self.parked.take(self.parked.staged(changes), changes)


class MongoProcessParking:
    """ProcessParking in MongoDB."""

    def __init__(self, client: AsyncMongoClient[Document], log_database: str) -> None:
        self.parked = MongoParked(processes_database(client, log_database))
        self._transactions = Transactions(client, patience=5.0)

    async def prepare(self) -> None:
        """Make collections and indexes. Raises Unavailable."""
        with our_errors():
            await self.parked.prepare()

    async def change(self, changes: Sequence[ParkingChange]) -> None:
        """See ProcessParking.change."""
        await self._transactions.carry_out(lambda session: self.parked.write(changes, session))


class ParkingWriter:
    """ProcessParking as the BatchWriter that repairs of parked streams work with: it takes no changes of views."""

    def __init__(self, parking: ProcessParking) -> None:
        self._parking = parking

    @property
    def parked(self) -> Parked:
        """See BatchWriter.parked."""
        return self._parking.parked

    async def prepare(
        self, views: Iterable[View], checkpoints: Iterable[tuple[str, str]], versions: Mapping[str, int] = NOTHING
    ) -> None:
        """See BatchWriter.prepare: there is nothing to prepare."""

    async def checkpoints(self) -> Checkpoints:
        """See BatchWriter.checkpoints: those of processes are no matter of repairs."""
        return {}

    def generation(self, projection: str) -> Generation:
        """See BatchWriter.generation: a process has no generations."""
        return FIRST_GENERATION

    async def commit(self, batch: Batch) -> None:
        """See BatchWriter.commit."""
        await self._parking.change(batch.parking)
