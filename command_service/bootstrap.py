"""The composition root of the command service: the only file that chooses its adapters."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any

from fastapi import FastAPI
from pymongo import AsyncMongoClient

from command_service.admission import Admission
from command_service.app import create_app
from command_service.command_bus import CommandBus
from command_service.domain.deciders import DECIDERS
from command_service.fulfilment import FOLLOWED_CATEGORIES, Fulfilment
from command_service.metrics import CommandMetrics, MeasuredAppends, MeasuredPublisher
from command_service.preparing import prepare_log
from command_service.process import Process
from command_service.process_follower import ProcessCheckpoints
from command_service.relay import Relay
from command_service.relay_progress import RelayProgress
from command_service.schedule import MongoSchedule
from command_service.settings import Settings
from command_service.snapshotting import Snapshots
from command_service.traced import TracedCommandBus, TracedProcessManager
from shared.errors import Unavailable
from shared.event_feed.rabbit_publisher import RabbitPublisher
from shared.event_store.commits import Document
from shared.event_store.mongo import MongoEventStore
from shared.event_store.snapshots import MongoSnapshotStore
from shared.events.catalogue import CATALOGUE
from shared.http.health import Check
from shared.http.starting import RefusedUntilStarted
from shared.ids import logs_of, uuid7
from shared.mongo_client import mongo_client
from shared.observability.mongodb_spans import MongoSpans
from shared.observability.trace_export import tracing_of
from shared.observability.traced_http import trace_requests
from shared.observability.traced_log import TracedEventStore, TracedPublisher
from shared.personal_data.mongo import MongoKeyStore
from shared.personal_data.sealing import Seals
from shared.starting import Start


def bootstrap(settings: Settings) -> FastAPI:
    """The app, whose lifespan prepares the log, runs relay and fulfilment, and drains all of it at the end."""
    tracing = tracing_of("command")
    client = mongo_client(settings.mongodb_url, "command", [MongoSpans(tracing)] if tracing else [])
    log_database = settings.log_database
    logs = logs_of(CATALOGUE.categories, settings.partitions)
    metrics = CommandMetrics()
    admission = Admission(settings.most_waiting_ms / 1000)
    store = MongoEventStore(
        client,
        log_database,
        CATALOGUE.categories,
        settings.partitions,
        settings.append_patience_seconds,
        MeasuredAppends(metrics),
    )
    keys = MongoKeyStore(client, settings.keys_database)
    snapshots = Snapshots(MongoSnapshotStore(client, log_database))
    appends = TracedEventStore(store, tracing) if tracing else store
    make_bus = partial(TracedCommandBus, tracing) if tracing else CommandBus
    bus = make_bus(appends, DECIDERS, CATALOGUE, Seals(keys, CATALOGUE), snapshots, settings.cached_aggregates)

    publisher = RabbitPublisher(settings.rabbitmq_url)
    progress = RelayProgress(client, log_database, uuid7(), settings.relay_lease_seconds)
    measured = MeasuredPublisher(publisher, metrics)
    publishes = TracedPublisher(measured, tracing) if tracing else measured
    relay = Relay(store, publishes, progress, logs, settings.relay_lease_seconds)

    schedule = MongoSchedule(client, log_database)
    fulfilment = Fulfilment(bus, store, keys, schedule, timedelta(hours=settings.reservation_hours))
    followed = logs_of(FOLLOWED_CATEGORIES, settings.partitions)
    checkpoints = ProcessCheckpoints(client, log_database, "fulfilment")
    follows = TracedProcessManager("fulfilment", fulfilment, tracing) if tracing else fulfilment
    process = Process("fulfilment", followed, store, checkpoints, follows, settings.rabbitmq_url)

    metrics.follow(bus, relay, process, store, admission)

    @asynccontextmanager
    async def working() -> AsyncIterator[None]:
        await prepare_log(client[log_database], settings.partitions, schedule, keys, store)
        relaying = asyncio.create_task(relay.run(), name="relay")
        await process.start()
        yield
        await process.stop()
        await snapshots.written()
        await store.close()
        relaying.cancel()
        with suppress(asyncio.CancelledError):
            await relaying

    start = Start(working)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with start.running():
            yield
        await publisher.close()
        await client.close()
        if tracing:
            tracing.stop()

    optional: dict[str, Check] = {"rabbitmq": partial(_rabbitmq, publisher, relay), "fulfilment": process.health}
    required: dict[str, Check] = {"mongodb": partial(_mongodb, client), "start": start.check}
    app = create_app(bus, required, optional, lifespan, metrics, admission)
    app.add_middleware(RefusedUntilStarted, start)
    if tracing:
        trace_requests(app, tracing)
    return app


async def _mongodb(client: AsyncMongoClient[Document]) -> None:
    await client.admin.command("ping")


async def _rabbitmq(publisher: RabbitPublisher, relay: Relay) -> Mapping[str, Any]:
    await publisher.ping()
    facts = {"leads": relay.leads, "published": relay.positions, "troubles": relay.troubles}
    if held_up := ", ".join(relay.troubles):
        raise Unavailable(f"not published: {held_up}", relay=facts)
    return {"relay": facts}
