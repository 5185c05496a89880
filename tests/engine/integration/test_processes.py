"""Two processes on a real broker, with the account that a deployment gives them; one replica dies in between."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from pymongo import AsyncMongoClient

from tests.engine.workshop.events import RepairNoteAdded, RepairOpened
from tests.engine.workshop.owners import OWNER
from tests.engine.workshop.repairs import REPAIR, AddRepairNote, OpenRepair
from tests.support.eventually import eventually
from tests.support.process_world import EVENTS, HASTE
from tests.support.provided.servers import RabbitMQServer
from twinpath.clock import utc_now
from twinpath.commands.bus import CommandBus
from twinpath.commands.envelope import Envelope
from twinpath.commands.processes.checkpoints import MongoCheckpoints
from twinpath.commands.processes.means import Means
from twinpath.commands.processes.mongo_timers import MongoTimers
from twinpath.commands.processes.parking import process_parking
from twinpath.commands.processes.registry import Processes, process_names
from twinpath.commands.snapshotting import Snapshots
from twinpath.domain.application import Application
from twinpath.domain.events import RecordedEvent
from twinpath.domain.process import Process, Then
from twinpath.errors import Unroutable
from twinpath.feed.rabbit_feed import RabbitFeed
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.ids import new_id
from twinpath.log.commits import Document
from twinpath.log.mongodb import MongoEventStore
from twinpath.log.snapshots import InMemorySnapshotStore
from twinpath.mongo_client import mongo_client
from twinpath.personal_data.mongo import MongoKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.servers.accounts import Passwords
from twinpath.servers.rabbitmq import definitions, import_definitions

LOG = "repair.0"
EVENT = RecordedEvent("owner.erased", 1, {}, "owner-1", 1, "owner.0", 1, utc_now(), "a", "c-1")


class Reception(Process):
    """Answers an opened repair; the first time it gets stuck behind the answer."""

    name = "reception"
    stuck: asyncio.Event | None = None

    async def opened(self, event: RepairOpened, then: Then) -> None:
        await then.send(AddRepairNote(repair_id=then.recorded.stream, note="seen", at=then.at))
        if (stuck := Reception.stuck) is not None:
            stuck.set()
            await asyncio.Event().wait()


class Archive(Process):
    """Answers the answer."""

    name = "archive"

    async def noted(self, event: RepairNoteAdded, then: Then) -> None:
        if event.note == "seen":
            await then.send(AddRepairNote(repair_id=then.recorded.stream, note="filed", at=then.at))


APPLICATION = Application(EVENTS, (REPAIR, OWNER), (Reception, Archive))


class Replica:
    """The write side of the workshop, without HTTP and relay; the log has one partition a category."""

    def __init__(self, client: AsyncMongoClient[Document], database: str, rabbitmq_url: str) -> None:
        self.store = MongoEventStore(client, database, EVENTS.categories, 1)
        keys, self.timers = MongoKeyStore(client, f"{database}_keys"), MongoTimers(client, database)
        self.parking = process_parking(client, database)
        seals, snapshots = Seals(keys, EVENTS), Snapshots(InMemorySnapshotStore())
        self.bus = CommandBus(self.store, APPLICATION.deciders, EVENTS, seals, snapshots)
        means = Means(self.bus, self.store, self.timers, EVENTS, APPLICATION.deciders)
        kept = (MongoCheckpoints(client, database), self.parking)
        self.processes = Processes(APPLICATION, None, means, keys, 1, *kept, pace=HASTE)
        self._url = rabbitmq_url

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Replica"]:
        """Stopped, as a kill would, in the middle of whatever it does."""
        for kept in (self.store, self.timers, self.parking, self.processes):
            await kept.prepare()
        await self.processes.start(
            lambda process, others: RabbitFeed(self._url, process.name, process.logs, not_followed=others)
        )

        async def follows() -> bool:
            return all(all(process.consumers().values()) for process in self.processes.running)

        await eventually(follows, limit=30)
        yield self
        await self.processes.stop()
        await self.store.close()

    async def publish(self, publisher: RabbitPublisher, after: int) -> None:
        await publisher.publish(LOG, await self.store.read_log(LOG, after, 100))

    async def notes(self, repair: str) -> list[str]:
        return [event.data["note"] for event in await self.store.load(repair) if event.type == "repair.note_added"]


@pytest.fixture
async def url(private_rabbitmq: Callable[[], RabbitMQServer]) -> str:
    """The broker's, with the command service's account, which has the rights of these processes alone."""
    broker = await asyncio.to_thread(private_rabbitmq)
    passwords = Passwords(command_password=SecretStr("command"))
    names = process_names(APPLICATION)
    await asyncio.to_thread(import_definitions, broker.management_url, definitions(passwords, names))
    host = urlsplit(broker.url).netloc.rpartition("@")[2]
    return f"amqp://command:command@{host}/twinpath"


async def test_every_process_has_queues_of_its_own_and_another_replica_ends_what_a_dead_one_began(
    url: str, mongodb_url: str, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = asyncio.Event()
    monkeypatch.setattr(Reception, "stuck", stuck)
    publisher = RabbitPublisher(url)
    async with mongo_client(mongodb_url, "test") as client:
        async with Replica(client, unique, url).running() as first:
            opened = OpenRepair(repair_id=new_id("repair"), subject="s", message="m", at=utc_now())
            repair = (await first.bus.handle(Envelope(opened, correlation_id="c-1"))).stream
            await first.publish(publisher, 0)
            async with asyncio.timeout(30):
                await stuck.wait()
        monkeypatch.setattr(Reception, "stuck", None)

        async with Replica(client, unique, url).running() as second:
            await second.publish(publisher, 1)

            async def filed() -> bool:
                return await second.notes(repair) == ["seen", "filed"]

            async def through() -> bool:
                positions = [await process.positions() for process in second.processes.running]
                return positions[:2] == [{LOG: 3}, {LOG: 3}]

            await eventually(filed, limit=30)
            await eventually(through, limit=30)
            assert await second.notes(repair) == ["seen", "filed"]
            health = [await process.health() for process in second.processes.running]
            assert [facts["parked_streams"] for facts in health] == [0, 0, 0]
    await publisher.close()


async def test_a_queue_of_a_log_that_is_no_longer_followed_is_deleted(rabbitmq_url: str) -> None:
    async def ignore(log: str, events: object) -> None:
        pass

    async def follow(feed: RabbitFeed, logs: list[str]) -> None:
        await feed.start(ignore)

        async def follows() -> bool:
            return feed.consumers() == dict.fromkeys(logs, True)

        await eventually(follows, limit=30)

    before = RabbitFeed(rabbitmq_url, "reception", [LOG, "owner.0"])
    await follow(before, [LOG, "owner.0"])
    await before.stop()
    after = RabbitFeed(rabbitmq_url, "reception", [LOG], not_followed=["owner.0"])
    await follow(after, [LOG])
    publisher = RabbitPublisher(rabbitmq_url)

    async def is_gone() -> bool:
        try:
            await publisher.publish("owner.0", [EVENT])
        except Unroutable:
            return True
        return False

    await eventually(is_gone, limit=30)
    await publisher.close()
    await after.stop()
