"""A whole application in one process with no server: both APIs on one port, each append projected at once.

Unit and property tests drive it, and a demonstration can serve it. Everything is lost when it ends.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, tzinfo
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from twinpath.clock import Clock, utc_now
from twinpath.commands.app import STREAMED, add_commands
from twinpath.commands.bus import CommandBus
from twinpath.commands.processes.checkpoints import InMemoryCheckpoints
from twinpath.commands.processes.means import Means
from twinpath.commands.processes.registry import Processes
from twinpath.commands.processes.timers import InMemoryTimers
from twinpath.commands.settings import Settings
from twinpath.commands.snapshotting import Snapshots
from twinpath.domain.application import Application
from twinpath.domain.events import RecordedEvent
from twinpath.facts.in_memory import InMemoryFacts
from twinpath.facts.keeping import FactsKeeper, FactsMeans
from twinpath.http.media_types import MediaTypes
from twinpath.identity.actors import Actors
from twinpath.identity.authentication import OPEN, Authentication
from twinpath.ids import logs_of
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.interface import Appended, NewCommit
from twinpath.log.snapshots import InMemorySnapshotStore
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.interface import KeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.projecting.copying.kinds import IN_SEARCH
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.groups import searched_views, view_projections
from twinpath.queries.app import create_app
from twinpath.searching.interface import SearchIndex
from twinpath.searching.language import Language
from twinpath.searching.tantivy.memory import InMemorySearch
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore

PARTITIONS = 4


class InMemorySystem:
    """Store, projector, views and app, wired together; run it within the app's lifespan."""

    def __init__(
        self,
        application: Application,
        clock: Clock = utc_now,
        settings: Any = None,
        processes_at_once: bool = True,
        keys: KeyStore | None = None,
        zone: tzinfo = UTC,
        authentication: Authentication = OPEN,
        language: str = "english",
        index: SearchIndex | None = None,
    ) -> None:
        """Without `processes_at_once` processes do nothing until `settled` and `processes.carry_out_due` are called, so
        that orders race for stock as they do among real services. `settings` are those of the command service. `keys`
        of another system let that one read what is copied to it, see InMemoryEventStore.copy_to. Dashboards show days
        of `zone`, searches know the `language`, and go to another `index` than one in memory where it is given.
        """
        self._application = application
        self._zone = zone
        self._language = language
        self._processes_at_once = processes_at_once
        self._unhandled: deque[tuple[str, Sequence[RecordedEvent]]] = deque()
        self._appended = asyncio.Event()
        self._settling = asyncio.Lock()
        events = application.events
        self.store = _ProjectedStore(events.categories, self.recorded)
        self.keys = keys or InMemoryKeyStore()
        self.seals = Seals(self.keys, events)
        snapshots = Snapshots(InMemorySnapshotStore())
        settings = settings or (application.settings or Settings)()
        keeping = self.seals, snapshots
        self.bus = CommandBus(self.store, application.deciders, events, *keeping, clock=clock, settings=settings)
        self.processes = Processes(
            application,
            settings,
            Means(self.bus, self.store, InMemoryTimers(), events, application.deciders, clock),
            self.keys,
            PARTITIONS,
            InMemoryCheckpoints(),
            InMemoryViewStore(),
        )
        self.views = InMemoryViewStore()
        projections = view_projections(application)
        logs = logs_of(events.categories, PARTITIONS)
        copy = InMemoryViewCache()
        self.search = index or InMemorySearch(searched_views(projections), Language(language))
        self.searching = CacheSync(projections, self.store, self.views, self.search, events, kind=IN_SEARCH)
        self.cache = CacheSync(projections, self.store, self.views, copy, events, beside=[self.searching])
        self.projector = Projector(projections, logs, self.store, self.views, self.seals, events, self.cache.applied)
        self.facts = InMemoryFacts()
        self._filling: set[asyncio.Task[None]] = set()
        means = FactsMeans(self.store, self.facts, self.seals, events)
        self.facts_keeper = FactsKeeper(application.facts, logs, means, seconds=0)
        self.app = self._app(copy, clock, authentication)

    async def recorded(self, log: str, events: Sequence[RecordedEvent]) -> None:
        """Bring the views along with what was appended; processes come later, as they may answer on the same stream."""
        await self.projector.project(log, events)
        await self.cache.flushed()
        self._filling.add(task := asyncio.create_task(self.facts_keeper.deliver(log, events), name="facts"))
        task.add_done_callback(self._filling.discard)
        self._unhandled.append((log, events))
        self._appended.set()

    async def settled(self) -> None:
        """Return when every process has handled every event so far, and whatever followed from that."""
        async with self._settling:
            while self._unhandled:
                log, events = self._unhandled.popleft()  # in the order of the appends, so that a test is repeatable
                await self.processes.deliver(log, events)

    async def _run_processes(self) -> None:
        while True:
            await self._appended.wait()
            self._appended.clear()
            await self.settled()

    def _app(self, copy: InMemoryViewCache, clock: Clock, authentication: Authentication) -> FastAPI:
        app = create_app(
            self.views,
            copy,
            self._application,
            clock=clock,
            zone=self._zone,
            live_examples=True,
            authentication=authentication,
            index=self.search,
            language=self._language,
        )
        app.title = f"{self._application.events.about.title} in one process"
        media_types = Middleware(MediaTypes, streamed=STREAMED)
        app.user_middleware.append(media_types)  # within the correlation, as in the command service
        app.state.samples.append(add_commands(app, self.bus, self._application, Actors(self.keys)))
        of_queries = app.router.lifespan_context

        @asynccontextmanager
        async def lifespan(running: FastAPI) -> AsyncIterator[None]:
            await self.projector.start()
            await self.cache.start()  # after it, whose checkpoints the copies begin with
            await self.facts_keeper.start()
            await self.processes.prepare()
            tasks = []
            if self._processes_at_once:
                await self.processes.start(lambda *_: None)
                tasks.append(asyncio.create_task(self._run_processes(), name="processes"))
            async with of_queries(running):
                yield
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.processes.stop()
            await self.facts_keeper.stop()
            await self.projector.stop()
            await self.cache.stop()

        app.router.lifespan_context = lifespan
        return app


class _ProjectedStore(InMemoryEventStore):
    """A store whose append returns when every view shows it."""

    def __init__(
        self, categories: tuple[str, ...], recorded: Callable[[str, Sequence[RecordedEvent]], Awaitable[None]]
    ) -> None:
        super().__init__(categories, PARTITIONS)
        self._recorded = recorded

    async def append(self, commit: NewCommit) -> Appended:
        appended = await super().append(commit)
        recorded = await self.read_log(appended.log, appended.position - len(commit.events), len(commit.events))
        if not appended.duplicate:
            await self._recorded(appended.log, recorded)
        return appended
