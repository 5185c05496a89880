"""A log of some customers' events in a real MongoDB, and the command line at work on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from typer.testing import CliRunner, Result

from command_service.application import COMMANDS
from command_service.customer.commands import RegisterCustomer, RenameCustomer
from command_service.customer.endpoints import CUSTOMER
from command_service.ticket.commands import AddAgentNote, OpenTicket
from shared.events import CATALOGUE
from tests.shop.support.commanding import bus_on
from tests.support.eventually import eventually
from twinpath.cli.app import app
from twinpath.clock import utc_now
from twinpath.commands.bus import CommandBus
from twinpath.commands.envelope import Envelope
from twinpath.domain.aggregate import AnyAggregate
from twinpath.domain.projection import Projection
from twinpath.ids import logs_of, new_id
from twinpath.log.layout import fix_partitions
from twinpath.log.mongodb import MongoEventLog, MongoEventStore
from twinpath.log.snapshots import MongoSnapshotStore
from twinpath.mongo_client import mongo_client
from twinpath.personal_data.mongo import MongoKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.following.projector import Projector
from twinpath.views.mongodb.generations import MongoGenerations

Documents = Database[dict[str, Any]]


class Written:
    """Three databases of one system; `run` runs `twinpath` on them."""

    def __init__(self, url: str, name: str) -> None:
        self.environment = {
            "TWINPATH_MONGODB_URL": url,
            "TWINPATH_LOG_DATABASE": f"{name}_log",
            "TWINPATH_KEYS_DATABASE": f"{name}_keys",
            "TWINPATH_VIEWS_DATABASE": f"{name}_views",
            "TWINPATH_IDENTITY_DATABASE": f"{name}_identity",
        }
        self.client = MongoClient[dict[str, Any]](url)
        self.log: Documents = self.client[f"{name}_log"]
        self.keys: Documents = self.client[f"{name}_keys"]
        self.views: Documents = self.client[f"{name}_views"]
        self._url, self._name = url, name

    async def write(self, customers: int) -> list[str]:
        """Register some customers and rename each once; their ids."""
        async with self._bus() as bus:

            async def live(number: int) -> str:
                of, at = new_id("customer"), utc_now()
                register = RegisterCustomer(customer_id=of, at=at, name=f"Ada {number}", email=f"{of}@example.org")
                await bus.handle(Envelope(register))
                await bus.handle(Envelope(RenameCustomer(customer_id=of, at=utc_now(), name="Bea")))
                return of

            return await asyncio.gather(*(live(number) for number in range(customers)))

    async def write_twins(self) -> list[str]:
        """Two customers with one address, as the version before took them; their ids."""
        twins = [new_id("customer") for _ in range(2)]
        async with self._bus(replace(CUSTOMER, claims=None)) as bus:
            for of in twins:
                register = RegisterCustomer(customer_id=of, at=utc_now(), name="Ada", email="twin@example.org")
                await bus.handle(Envelope(register))
        return twins

    async def write_long(self) -> str:
        """A ticket of 120 events, of whose first hundred there is a snapshot; its id."""
        ticket = new_id("ticket")
        async with self._bus() as bus:
            await bus.handle(Envelope(OpenTicket(ticket_id=ticket, at=utc_now(), subject="s", message="m")))
            for number in range(119):
                await bus.handle(Envelope(AddAgentNote(ticket_id=ticket, at=utc_now(), note=f"{number}")))
            await eventually(self._has_snapshot)
        return ticket

    async def _has_snapshot(self) -> bool:
        return self.log.snapshots.count_documents({"version": 100}) == 1

    @asynccontextmanager
    async def _bus(self, customer: AnyAggregate = CUSTOMER) -> AsyncIterator[CommandBus]:
        async with mongo_client(self._url, "test") as client:
            await fix_partitions(client[f"{self._name}_log"], 4)
            store = MongoEventStore(client, f"{self._name}_log", CATALOGUE.categories, 4)
            await store.prepare()
            snapshots = MongoSnapshotStore(client, f"{self._name}_log")
            keys = MongoKeyStore(client, f"{self._name}_keys")
            deciders = {**COMMANDS.deciders, "customer": customer}
            yield bus_on(store, keys=keys, snapshots=snapshots, deciders=deciders)
            await store.close()

    async def project(self, *projections: Projection) -> None:
        """Bring the views of these projections to the end of the log."""
        async with mongo_client(self._url, "test") as client:
            log = MongoEventLog(client, f"{self._name}_log", logs_of(CATALOGUE.categories, 4))
            views = MongoGenerations(client, f"{self._name}_views")
            seals = Seals(MongoKeyStore(client, f"{self._name}_keys"), CATALOGUE)
            heads = await log.heads()
            projector = Projector(projections, heads, log, views, seals, CATALOGUE)
            await projector.start()
            for name, head in heads.items():
                await projector.project(name, await log.read_log(name, 0, head))
            await projector.stop()

    def run(self, *arguments: str, **environment: str) -> Result:
        """Run `twinpath` with these arguments, where no terminal is."""
        return CliRunner().invoke(app, arguments, env={**self.environment, **environment})
