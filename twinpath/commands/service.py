"""The composition root of the command service: the only file that chooses its adapters."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from fastapi import FastAPI

from twinpath.clock import utc_now
from twinpath.commands.admission import Admission
from twinpath.commands.app import STREAMED, create_app
from twinpath.commands.bus import CommandBus
from twinpath.commands.checking import checks
from twinpath.commands.metrics import CommandMetrics, measured
from twinpath.commands.preparing import prepare_log
from twinpath.commands.processes.checkpoints import MongoCheckpoints
from twinpath.commands.processes.means import Means
from twinpath.commands.processes.mongo_timers import MongoTimers
from twinpath.commands.processes.parking import process_parking
from twinpath.commands.processes.registry import Processes
from twinpath.commands.processes.running import RunningProcess
from twinpath.commands.processes.traced import traced_handling
from twinpath.commands.relaying.progress import RelayProgress
from twinpath.commands.relaying.relay import Relay
from twinpath.commands.settings import Settings
from twinpath.commands.snapshotting import Snapshots
from twinpath.commands.traced import TracedCommandBus
from twinpath.domain.application import Application
from twinpath.errors import Unavailable
from twinpath.feed.rabbit_feed import RabbitFeed
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.http.health import Check
from twinpath.http.site import Site
from twinpath.http.starting import RefusedUntilStarted
from twinpath.identity.actors import Actors
from twinpath.identity.composing import authentication_of
from twinpath.ids import logs_of, uuid7
from twinpath.log.layout import fingerprints_are_keyed
from twinpath.log.mongodb import MongoEventStore
from twinpath.log.snapshots import MongoSnapshotStore
from twinpath.mongo_client import mongo_client
from twinpath.observability.mongodb_spans import MongoSpans
from twinpath.observability.trace_export import tracing_of
from twinpath.observability.traced_http import trace_requests
from twinpath.observability.traced_log import traced_publisher, traced_store
from twinpath.personal_data.mongo import MongoKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.running.main import run_service
from twinpath.running.starting import Start


def bootstrap(settings: Settings, application: Application) -> FastAPI:
    """The app, whose lifespan prepares the log, runs relay and processes, and drains all of it at the end."""
    return _CommandService(settings, application).app()


class _CommandService:
    """The parts, each made of those before it, and how they start and stop."""

    def __init__(self, settings: Settings, application: Application) -> None:
        self._settings = settings
        self._application = application
        self._events = application.events
        self._tracing = tracing_of("command")
        spans = [MongoSpans(self._tracing)] if self._tracing else []
        self._client = mongo_client(settings.mongodb_url, "command", spans)
        self._metrics = CommandMetrics()
        self._admission = Admission(settings.most_waiting_ms / 1000)
        self._store = MongoEventStore(
            self._client,
            settings.log_database,
            self._events.categories,
            settings.partitions,
            settings.append_patience_seconds,
            self._metrics,
        )
        self._keys = MongoKeyStore(self._client, settings.keys_database)
        self._snapshots = Snapshots(MongoSnapshotStore(self._client, settings.log_database))
        self._timers = MongoTimers(self._client, settings.log_database)
        self._parking = process_parking(self._client, settings.log_database)
        self._authentication = authentication_of("command", settings, application, self._client)
        self._publisher = RabbitPublisher(settings.rabbitmq_url, service="command")
        self._bus = self._make_bus()
        self._relay = self._make_relay()
        self._processes = self._make_processes()
        self._start = Start(self._working)
        self._metrics.follow(self._bus, self._relay, self._processes, self._store, self._admission)

    def app(self) -> FastAPI:
        required: dict[str, Check] = {"mongodb": self._ping_mongodb, "start": self._start.check}
        checks = {**self._processes.checks, **self._authentication.checks}
        optional: dict[str, Check] = {"rabbitmq": self._ping_rabbitmq, **checks}
        site = Site(self._settings.allowed_hosts, self._settings.allowed_origins)
        app = create_app(
            self._bus,
            self._application,
            Actors(self._keys),
            required,
            optional,
            self._lifespan,
            self._metrics,
            self._admission,
            self._settings,
            site,
            self._settings.live_examples,
            self._authentication,
        )
        app.add_middleware(RefusedUntilStarted, self._start)
        if self._tracing:
            trace_requests(app, self._tracing)
        return app

    def _make_bus(self) -> CommandBus:
        appends = traced_store(self._store, self._tracing) if self._tracing else self._store
        make = partial(TracedCommandBus, self._tracing) if self._tracing else CommandBus
        return make(
            appends,
            self._application.deciders,
            self._events,
            Seals(self._keys, self._events),
            self._snapshots,
            self._settings.cached_aggregates,
            utc_now,
            self._settings,
        )

    def _make_relay(self) -> Relay:
        lease_seconds = self._settings.relay_lease_seconds
        progress = RelayProgress(self._client, self._settings.log_database, uuid7(), lease_seconds)
        publisher = measured(self._publisher, self._metrics)
        publisher = traced_publisher(publisher, self._tracing) if self._tracing else publisher
        logs = logs_of(self._events.categories, self._settings.partitions)
        return Relay(self._store, publisher, progress, logs, lease_seconds)

    def _make_processes(self) -> Processes:
        database = self._settings.log_database
        means = Means(self._bus, self._store, self._timers, self._events, self._application.deciders)
        return Processes(
            self._application,
            self._settings,
            means,
            self._keys,
            self._settings.partitions,
            MongoCheckpoints(self._client, database),
            self._parking,
            partial(traced_handling, self._tracing) if self._tracing else lambda handling: handling,
        )

    def _feed(self, process: RunningProcess, others: list[str]) -> RabbitFeed:
        url = self._settings.rabbitmq_url
        return RabbitFeed(url, process.name, process.logs, not_followed=others, service="command")

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        log = self._client[self._settings.log_database]
        kept = (self._timers, self._parking, self._keys, self._store, self._processes)
        await prepare_log(log, self._settings.partitions, *kept)
        self._bus.fingerprints.are_keyed = await fingerprints_are_keyed(log)
        relaying = asyncio.create_task(self._relay.run(), name="relay")
        await self._processes.start(self._feed)
        yield
        await self._processes.stop()
        await self._snapshots.written()
        await self._store.close()
        relaying.cancel()
        with suppress(asyncio.CancelledError):
            await relaying

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        async with self._start.running():
            yield
        await self._publisher.close()
        await self._authentication.close()
        await self._client.close()
        if self._tracing:
            self._tracing.stop()

    async def _ping_mongodb(self) -> None:
        await self._client.admin.command("ping")

    async def _ping_rabbitmq(self) -> Mapping[str, Any]:
        await self._publisher.ping()
        relay = self._relay
        facts = {"leads": relay.leads, "published": relay.positions, "troubles": relay.troubles}
        if held_up := ", ".join(relay.troubles):
            raise Unavailable(f"not published: {held_up}", relay=facts)
        return {"relay": facts}


def run(application: Application) -> None:
    """The main of a command service that runs this application."""
    run_service(
        "command",
        application.settings or Settings,
        partial(bootstrap, application=application),
        checks,
        lambda app: {"gate": app.state.admission, "streamed": STREAMED},
    )
