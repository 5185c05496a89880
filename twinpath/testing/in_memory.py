"""The whole of Twinpath in one process with no server: both APIs on one port, each append projected at once.

`make demo` serves it; unit and property tests drive the same assembly. Everything is lost when it ends.
"""

from collections import deque
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from starlette.middleware import Middleware

from command_service.application import COMMANDS
from command_service.fulfilment import Fulfilment
from projector_service.application import PROJECTIONS
from query_service.application import QUERIES
from shared.events import CATALOGUE
from twinpath.clock import Clock, utc_now
from twinpath.commands.app import STREAMED, add_commands
from twinpath.commands.bus import CommandBus
from twinpath.commands.processes.timers import InMemorySchedule
from twinpath.commands.snapshotting import Snapshots
from twinpath.domain.events import Metadata, NewEvent, RecordedEvent
from twinpath.http.limits import BodyLimits
from twinpath.ids import logs_of
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.interface import Appended
from twinpath.log.snapshots import InMemorySnapshotStore
from twinpath.observability.logs import configure_logs
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.groups import view_projections
from twinpath.queries.app import create_app
from twinpath.running.serving import serve
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore

PARTITIONS = 4


class Embedded:
    """Store, projector, views and app, wired together; run it within the app's lifespan."""

    def __init__(
        self, clock: Clock = utc_now, reservation: timedelta = timedelta(hours=72), fulfil_at_once: bool = True
    ) -> None:
        """Without `fulfil_at_once`, call `fulfil`, so that orders race for stock as they do among real services."""
        self.fulfil_at_once = fulfil_at_once
        self._unfulfilled: deque[RecordedEvent] = deque()
        self.store = _ProjectedStore(self)
        self.keys = InMemoryKeyStore()
        self.seals = Seals(self.keys, CATALOGUE)
        self.bus = CommandBus(self.store, COMMANDS.deciders, CATALOGUE, self.seals, Snapshots(InMemorySnapshotStore()))
        self.fulfilment = Fulfilment(self.bus, self.store, self.keys, InMemorySchedule(), reservation, clock)
        self.views = InMemoryViewStore()
        projections = view_projections(PROJECTIONS)
        logs = logs_of(CATALOGUE.categories, PARTITIONS)
        copy = InMemoryViewCache()
        self.cache = CacheSync(projections, self.store, self.views, copy, CATALOGUE)
        self.projector = Projector(projections, logs, self.store, self.views, self.seals, CATALOGUE, self.cache.applied)
        self.app = self._app(copy, clock)

    async def recorded(self, log: str, events: Sequence[RecordedEvent]) -> None:
        """Bring the views along with what was appended, and fulfilment too, unless it comes later."""
        await self.projector.project(log, events)
        await self.cache.flushed()
        self._unfulfilled += [event for event in events if self.fulfilment.takes(event)]
        if self.fulfil_at_once:
            await self.fulfil()

    async def fulfil(self) -> None:
        """Carry out what follows from every event so far."""
        while self._unfulfilled:
            await self.fulfilment.handle(self._unfulfilled.popleft())

    def _app(self, copy: InMemoryViewCache, clock: Clock) -> FastAPI:
        app = create_app(self.views, copy, QUERIES, clock=clock)
        app.title = "Twinpath in one process"
        limits = Middleware(BodyLimits, streamed=STREAMED)
        app.user_middleware.append(limits)  # within the correlation, as in the command service
        add_commands(app, self.bus, COMMANDS)
        of_queries = app.router.lifespan_context

        @asynccontextmanager
        async def lifespan(running: FastAPI) -> AsyncIterator[None]:
            await self.cache.start()
            await self.projector.start()
            async with of_queries(running):
                yield
            await self.projector.stop()
            await self.cache.stop()

        app.router.lifespan_context = lifespan
        return app


class _ProjectedStore(InMemoryEventStore):
    """A store whose append returns when every view shows it."""

    def __init__(self, embedded: Embedded) -> None:
        super().__init__(CATALOGUE.categories, PARTITIONS)
        self._embedded = embedded

    async def append(
        self,
        stream: str,
        events: Sequence[NewEvent],
        expected_version: int,
        command_id: str,
        metadata: Metadata,
        fingerprint: str = "",
        claims: Collection[str] = (),
    ) -> Appended:
        """See EventStore.append."""
        appended = await super().append(stream, events, expected_version, command_id, metadata, fingerprint, claims)
        recorded = await self.read_log(appended.log, appended.position - len(events), len(events))
        if not appended.duplicate:
            await self._embedded.recorded(appended.log, recorded)
        return appended


def main() -> None:
    """Serve on port 8000 until Ctrl-C."""
    configure_logs("embedded")
    print("Twinpath in one process, nothing is kept: http://127.0.0.1:8000/docs (Ctrl-C stops it)", flush=True)
    app = Embedded().app
    serve(app, "127.0.0.1", 8000, on_stop=app.state.stop)


if __name__ == "__main__":
    main()
