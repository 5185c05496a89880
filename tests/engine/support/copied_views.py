"""A log, some views of it in MongoDB and their copy in Redis, taken one step at a time, for tests of the copy."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from tests.engine.support.commanding import seals_of
from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.events import RepairNoteAdded, RepairOpened
from tests.engine.workshop.views import OwnersProjection, RepairCountsProjection, RepairDetailsProjection
from tests.support.appending import metadata
from tests.support.eventually import eventually
from tests.support.recording import NOON
from twinpath.domain.events import DomainEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import Document
from twinpath.ids import logs_of, new_id, uuid7
from twinpath.log.interface import NewCommit
from twinpath.log.mongodb import MongoEventStore
from twinpath.mongo_client import mongo_client
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.applying.applier import Applied, Applier
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.views.mongodb.stores import MongoViewWriter
from twinpath.views.redis.cache import RedisViewCache

PROJECTIONS: list[Projection] = [RepairDetailsProjection(), RepairCountsProjection(), OwnersProjection()]
VIEWS = [view for projection in PROJECTIONS for view in projection.views]
REPAIRS, OWNERS = LOGS = logs_of(("repair", "owner"), 1)


def nobody(applied: Applied) -> None:
    """Nobody is told of it, as when the process is killed between the two writes."""


class HeldWriter(MongoViewWriter):
    """Whoever reads documents through it hangs with what was `read`, until it may `go_on`."""

    def __init__(self, client: AsyncMongoClient[Document], database: str) -> None:
        super().__init__(client, database)
        self.read, self.go_on = asyncio.Event(), asyncio.Event()

    async def documents(self, view: str, ids: Sequence[str]) -> list[Document]:
        """See ViewWriter.documents."""
        found = await super().documents(view, ids)
        self.read.set()
        await self.go_on.wait()
        return found


class CopiedViews:
    """Everything that a CacheSync works on; `apply` does what a projector does."""

    def __init__(self, client: AsyncMongoClient[Document], redis: Redis, prefix: str) -> None:
        self.log = MongoEventStore(client, f"{prefix}_log", EVENTS.categories, 1)
        self.writer = MongoViewWriter(client, f"{prefix}_views")
        self.held_writer = HeldWriter(client, f"{prefix}_views")
        self.cache = RedisViewCache(redis, prefix)
        self._redis = redis
        self._prefix = prefix
        self._versions: dict[str, int] = {}

    async def prepare(self) -> None:
        """Keys, views and checkpoints."""
        await self.log.prepare()
        await self.writer.prepare(VIEWS, [(p.name, log) for p in PROJECTIONS for log in LOGS if p.follows(log)])

    async def happened(self, stream: str, *events: DomainEvent) -> str:
        """Append to a stream; its name."""
        before = self._versions.get(stream, 0)
        self._versions[stream] = before + len(events)
        await self.log.append(
            NewCommit(stream, [EVENTS.encode(event) for event in events], before, uuid7(), metadata())
        )
        return stream

    async def opened(self, owner_id: str | None = None) -> str:
        """A new repair's id."""
        event = RepairOpened(subject="Parcel", message="Where is it?", owner_id=owner_id, opened_at=NOON)
        return await self.happened(new_id("repair"), event)

    async def noted(self, repair: str) -> None:
        """A note more."""
        await self.happened(repair, RepairNoteAdded(note="looked at"))

    async def apply(self, tell: Callable[[Applied], None]) -> None:
        """Commit what is new in the log to the views, one transaction a log, and tell of each."""
        for log in LOGS:
            followers = [projection for projection in PROJECTIONS if projection.follows(log)]
            applier = Applier(log, self.writer, EVENTS, seals_of(InMemoryKeyStore()), tell)
            await applier.load(followers)
            if events := await self.log.read_log(log, applier.positions[followers[0].name], 1000):
                await applier.apply(followers, events)

    async def are_copied(self) -> bool:
        """Whether every document is in the copy as it is in its view, and so is how far each log is in it."""
        checkpoints = await self.writer.checkpoints()
        for projection in PROJECTIONS:
            [view] = projection.views
            documents = await self.writer.page(view.name, {}, None, 1000)
            copied = await self.cache.get_many(view.name, [document["_id"] for document in documents])
            assert copied == [view.rendered(document) for document in documents]
            applied = {log: at for (name, log), at in checkpoints.items() if name == projection.name}
            assert await self.cache.positions(view.name) == applied
        return True

    async def are_filled(self) -> bool:
        """Whether every document was copied since the copy was empty."""
        return {await self.cache.fill_state(view.name) for view in VIEWS} == {"done"}

    async def lose_the_copy(self) -> None:
        """What a flush does, to our keys alone; there must be some."""
        assert await self._redis.delete(*[key async for key in self._redis.scan_iter(f"{self._prefix}*", count=1000)])

    @asynccontextmanager
    async def synced(self, look_seconds: float, writer: MongoViewWriter | None = None) -> AsyncIterator[CacheSync]:
        """A CacheSync at work; the copy is filled, and with that the first look of the first one is over."""
        sync = CacheSync(PROJECTIONS, self.log, writer or self.writer, self.cache, EVENTS, look_seconds)
        await sync.start()
        try:
            await eventually(self.are_filled, pause=0.01)
            yield sync
        finally:
            await sync.stop()


@asynccontextmanager
async def copied_views(mongodb_url: str, redis_url: str, name: str) -> AsyncIterator[CopiedViews]:
    """Empty ones; databases and keys start with `name`."""
    async with mongo_client(mongodb_url, "test") as client, Redis.from_url(redis_url) as redis:
        views = CopiedViews(client, redis, name)
        await views.prepare()
        yield views
