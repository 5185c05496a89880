"""The shop on in-memory adapters with spans around them, as the services' bootstraps wire them; and its spans."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from command_service.application import COMMANDS
from command_service.fulfilment import Fulfilment
from command_service.settings import Settings
from projector_service.application import PROJECTIONS
from query_service.application import QUERIES
from shared.events import CATALOGUE
from tests.support.eventually import eventually
from tests.support.in_memory_feed import InMemoryFeed
from tests.support.spans import Spans
from twinpath.clock import utc_now
from twinpath.commands.app import create_app as command_app
from twinpath.commands.processes.means import Means
from twinpath.commands.processes.reacting import Reactions
from twinpath.commands.processes.timers import InMemoryTimers
from twinpath.commands.processes.traced import traced_handling
from twinpath.commands.snapshotting import Snapshots
from twinpath.commands.traced import TracedCommandBus
from twinpath.domain.events import RecordedEvent
from twinpath.identity.actors import Actors
from twinpath.ids import logs_of
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.snapshots import InMemorySnapshotStore
from twinpath.observability.traced_http import trace_requests
from twinpath.observability.traced_log import traced_publisher, traced_store
from twinpath.observability.traced_views import traced_cache
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.groups import view_projections
from twinpath.projecting.traced import TracedGroup
from twinpath.queries.app import create_app as query_app
from twinpath.running.retrying import Pace
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore

LOGS = logs_of(CATALOGUE.categories, 4)


class TracedShop:
    """Commands and queries over HTTP; `relay` carries what was appended to views and fulfilment."""

    def __init__(self, spans: Spans) -> None:
        self.spans, tracing = spans, spans.tracing
        self.store = InMemoryEventStore(CATALOGUE.categories)
        keys = InMemoryKeyStore()
        seals = Seals(keys, CATALOGUE)
        appends = traced_store(self.store, tracing)
        bus = TracedCommandBus(
            tracing,
            appends,
            COMMANDS.deciders,
            CATALOGUE,
            seals,
            Snapshots(InMemorySnapshotStore()),
            10_000,
            utc_now,
            Settings(),
        )
        means = Means(bus, self.store, InMemoryTimers(), CATALOGUE, COMMANDS.deciders)
        self._fulfilment = traced_handling(tracing, Reactions(Fulfilment(Settings()), means))
        self._feed = InMemoryFeed()
        self._publisher = traced_publisher(self._feed, tracing)
        self._published = dict.fromkeys(LOGS, 0)

        group, views, copy = TracedGroup("views", tracing), InMemoryViewStore(), InMemoryViewCache()
        projections, source = view_projections(PROJECTIONS), group.source(self.store)
        self.cache = CacheSync(projections, source, views, group.cache(copy), CATALOGUE)
        writer, pace = group.writer(views, "v"), Pace(look=60.0)
        self.projector = Projector(projections, LOGS, source, writer, seals, CATALOGUE, self.cache.applied, pace=pace)
        self._handler = group.handler(self.projector.project)

        self._command_app = command_app(bus, COMMANDS, Actors(InMemoryKeyStore()))
        trace_requests(self._command_app, tracing)
        self.query_app = query_app(views, traced_cache(copy, tracing), QUERIES)
        self.query_app.state.queries.waits.around = tracing.step
        trace_requests(self.query_app, tracing)
        self.commands = httpx.AsyncClient(transport=httpx.ASGITransport(self._command_app), base_url="http://c")
        self.queries = httpx.AsyncClient(transport=httpx.ASGITransport(self.query_app), base_url="http://q")

    @asynccontextmanager
    async def running(self) -> AsyncIterator["TracedShop"]:
        """Within it the views follow."""
        await self._feed.start(self._handler)
        await self.cache.start()
        await self.projector.start()
        await eventually(
            lambda: looked(self.projector), pause=0.001
        )  # a look in mid-test may cost a commit a repetition
        async with self.query_app.router.lifespan_context(self.query_app):
            yield self
        await self.projector.stop()
        await self.cache.stop()

    async def relay(self) -> None:
        """Publish each log's new events as one batch; fulfil what follows of them, and so on until nothing does."""
        while moved := await self._unpublished():
            for log, events in moved.items():
                await self._publisher.publish(log, events)
                self._published[log] = events[-1].position
            await self.cache.flushed()
            for event in [event for events in moved.values() for event in events]:
                if event.type in self._fulfilment.types:
                    await self._fulfilment.handle(event)

    async def _unpublished(self) -> dict[str, list[RecordedEvent]]:
        found = {log: await self.store.read_log(log, self._published[log], 1_000) for log in LOGS}
        return {log: events for log, events in found.items() if events}


async def looked(projector: Projector) -> bool:
    return bool(projector.heads)
