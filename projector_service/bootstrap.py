"""The composition root of the projector service: the only file that chooses its adapters."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any

from faststream.specification import AsyncAPI
from pymongo import AsyncMongoClient
from redis.asyncio import Redis
from starlette.applications import Starlette

from projector_service.admin import admin_app
from projector_service.admin_parked import parked_routes
from projector_service.app import create_app
from projector_service.cache_sync import CacheSync
from projector_service.joint_commits import JointCommits
from projector_service.measuring import MeasuredBatches, timed
from projector_service.metrics import ProjectorMetrics
from projector_service.outside_events import EXCHANGE as OUTSIDE_EXCHANGE
from projector_service.outside_events import OutsideEventsProjection, OutsideWriter, describe
from projector_service.parked import ParkedStreams
from projector_service.projections import all_projections
from projector_service.projector import Projector
from projector_service.retiring import Retiring
from projector_service.settings import Settings
from projector_service.traced import TracedGroup
from shared.errors import Unavailable
from shared.event_feed.rabbit_feed import RabbitFeed
from shared.event_feed.rabbit_publisher import RabbitPublisher
from shared.event_store.layout import expect_partitions
from shared.event_store.mongo import MongoEventLog
from shared.events.catalogue import CATALOGUE
from shared.http.health import Check
from shared.ids import logs_of
from shared.mongo_client import mongo_client
from shared.observability.mongodb_spans import MongoSpans
from shared.observability.trace_export import tracing_of
from shared.personal_data.mongo import MongoKeyStore
from shared.personal_data.sealing import Seals
from shared.starting import Start
from shared.view_store.interface import BatchWriter, Document
from shared.view_store.mongo_generations import MongoGenerations
from shared.view_store.redis import RedisViewCache, redis_client

GROUP, OUTSIDE_GROUP = "views", "outside"


def bootstrap(settings: Settings) -> Starlette:
    """The app, whose lifespan follows the log and, at the end, finishes what is in hand."""
    tracing = tracing_of("projector")
    client = mongo_client(settings.mongodb_url, "projector", [MongoSpans(tracing)] if tracing else [])
    redis = redis_client(settings.redis_url)
    logs = logs_of(CATALOGUE.categories, settings.partitions)
    source = MongoEventLog(client, settings.log_database, logs)
    writer = MongoGenerations(client, settings.views_database)
    seals = Seals(MongoKeyStore(client, settings.keys_database), CATALOGUE)
    projections = all_projections()
    traced = {group: TracedGroup(group, tracing) for group in (GROUP, OUTSIDE_GROUP)}
    views, outside_events = traced.values()
    copy = views.cache(RedisViewCache(redis, settings.redis_prefix))
    cache = CacheSync(projections, views.source(source), writer, copy, CATALOGUE)
    retiring = Retiring(writer, copy, timedelta(seconds=settings.retired_seconds))
    metrics = ProjectorMetrics()
    measured = MeasuredBatches(views.writer(writer, settings.views_database), metrics, GROUP)
    projector = Projector(projections, logs, views.source(source), JointCommits(measured), seals, cache.applied)
    feed = RabbitFeed(settings.rabbitmq_url, GROUP, logs)

    publisher = RabbitPublisher(settings.rabbitmq_url, OUTSIDE_EXCHANGE)
    outside_writer = outside_events.publisher(OutsideWriter(writer, publisher), OUTSIDE_EXCHANGE)
    measured_outside = MeasuredBatches(outside_writer, metrics, OUTSIDE_GROUP)
    outside_joint = JointCommits(measured_outside)
    outside = Projector([OutsideEventsProjection()], logs, outside_events.source(source), outside_joint, seals)
    outside_feed = RabbitFeed(settings.rabbitmq_url, OUTSIDE_GROUP, logs)
    followers = {GROUP: (projector, feed)}
    if settings.publish_events:
        followers[OUTSIDE_GROUP] = (outside, outside_feed)
    writers: list[tuple[Projector, BatchWriter]] = [(projector, measured), (outside, outside_writer)]
    known = {projection.name: (projection, its) for of, its in writers for projection in of.projections}
    parked = ParkedStreams(known, writer, source, seals, CATALOGUE)
    metrics.follow(followers, source, writer, cache)

    @asynccontextmanager
    async def working() -> AsyncIterator[None]:
        await expect_partitions(client[settings.log_database], settings.partitions)
        await cache.start()
        for group, (of_logs, of_broker) in followers.items():
            await of_logs.start()
            await of_broker.start(timed(traced[group].handler(of_logs.project), metrics, group))
        drops = asyncio.create_task(retiring.run(), name="retiring")
        yield
        drops.cancel()
        await asyncio.gather(*(of_logs.stop(seconds=4.0) for of_logs, _ in followers.values()))
        await asyncio.gather(*(of_broker.stop() for _, of_broker in followers.values()))
        await publisher.close()
        await cache.stop()

    start = Start(working)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with start.running():
            yield
        await redis.aclose()
        await client.close()
        if tracing:
            tracing.stop()

    required: dict[str, Check] = {"mongodb": partial(_mongodb, client), "start": start.check}
    optional: dict[str, Check] = {"redis": partial(_redis, redis, cache)}
    if settings.publish_events:
        optional["outside_events"] = partial(_outside_events, outside)
    described = RabbitFeed("amqp://rabbitmq/", GROUP, logs).broker(projector.project)
    describe(described, CATALOGUE.types)
    specification = AsyncAPI(described, title="Twinpath projector service", version="1")
    admin = admin_app(settings.admin_token, [parked_routes(parked)])
    return create_app(projector, feed, specification, required, optional, lifespan, metrics, admin)


async def _mongodb(client: AsyncMongoClient[Document]) -> None:
    await client.admin.command("ping")


async def _redis(redis: Redis, cache: CacheSync) -> None:
    await redis.ping()
    if cache.trouble is not None:
        raise Unavailable(cache.trouble)


async def _outside_events(outside: Projector) -> Mapping[str, Any]:
    statuses = {log: asdict(status) for log, status in outside.status().items()}
    if held_up := [log for log, status in statuses.items() if status["state"] != "live"]:
        raise Unavailable(f"not telling the outside world of: {', '.join(held_up)}", logs=statuses)
    return {"logs": statuses, "parked_streams": outside.parked()}
