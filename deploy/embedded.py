"""The whole of Twinpath in one process with no server: both APIs on one port, each append projected at once.

`make demo` serves it; unit and property tests drive the same assembly. Everything is lost when it ends.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI

from command_service.api import tickets as ticket_commands
from command_service.bootstrap import DECIDERS
from command_service.command_bus import CommandBus
from projector_service.cache_sync import CacheSync
from projector_service.projections import all_projections
from projector_service.projector import Projector
from query_service.app import create_app
from shared.clock import Clock, utc_now
from shared.event_store.in_memory import InMemoryEventStore
from shared.event_store.interface import Appended
from shared.events.catalogue import CATALOGUE
from shared.events.recorded import Metadata, NewEvent
from shared.http.limits import BodyLimits
from shared.ids import logs_of
from shared.serving import configure_logs, serve
from shared.view_store.in_memory import InMemoryViewStore
from shared.view_store.in_memory_cache import InMemoryViewCache

PARTITIONS = 4


class Embedded:
    """Store, projector, views and app, wired together; run it within the app's lifespan."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self.store = _ProjectedStore(self)
        self.views = InMemoryViewStore()
        projections = all_projections()
        logs = logs_of(CATALOGUE.categories, PARTITIONS)
        copy = InMemoryViewCache()
        self.cache = CacheSync(projections, self.store, self.views, copy, CATALOGUE)
        self.projector = Projector(projections, logs, self.store, self.views, self.cache.applied)
        self.app = self._app(copy, clock)

    def _app(self, copy: InMemoryViewCache, clock: Clock) -> FastAPI:
        app = create_app(self.views, copy, clock=clock)
        app.title = "Twinpath in one process"
        app.state.bus = CommandBus(self.store, DECIDERS, CATALOGUE)
        app.include_router(ticket_commands.router, prefix="/api/v1")
        app.add_middleware(BodyLimits)
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
    ) -> Appended:
        """See EventStore.append."""
        appended = await super().append(stream, events, expected_version, command_id, metadata, fingerprint)
        recorded = await self.read_log(appended.log, appended.position - len(events), len(events))
        await self._embedded.projector.project(appended.log, recorded)
        await self._embedded.cache.flushed()
        return appended


def main() -> None:
    """Serve on port 8000 until Ctrl-C."""
    configure_logs()
    print("Twinpath in one process, nothing is kept: http://127.0.0.1:8000/docs (Ctrl-C stops it)", flush=True)
    app = Embedded().app
    serve(app, "127.0.0.1", 8000, on_stop=app.state.live.stop)


if __name__ == "__main__":
    main()
