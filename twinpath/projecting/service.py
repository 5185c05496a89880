"""The composition root of the projector service: the only file that chooses its adapters."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from faststream.specification import AsyncAPI
from projector_service.projections import all_projections
from starlette.applications import Starlette

from shared.events import CATALOGUE
from twinpath.errors import Unavailable
from twinpath.feed.rabbit_feed import RabbitFeed
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.http.health import Check
from twinpath.ids import logs_of
from twinpath.log.layout import expect_partitions
from twinpath.log.mongodb import MongoEventLog
from twinpath.mongo_client import mongo_client
from twinpath.observability.mongodb_spans import MongoSpans
from twinpath.observability.trace_export import tracing_of
from twinpath.personal_data.mongo import MongoKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.app import create_app
from twinpath.projecting.applying.joint_commits import JointCommits
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.measuring import MeasuredBatches, timed
from twinpath.projecting.metrics import ProjectorMetrics
from twinpath.projecting.operators import admin_app
from twinpath.projecting.outside_events import EXCHANGE as OUTSIDE_EXCHANGE
from twinpath.projecting.outside_events import OutsideEventsProjection, OutsideWriter, describe
from twinpath.projecting.parking.endpoints import parked_routes
from twinpath.projecting.parking.repairs import ParkedStreams
from twinpath.projecting.rebuilding.retiring import Retiring
from twinpath.projecting.settings import Settings
from twinpath.projecting.traced import TracedGroup
from twinpath.running.starting import Start
from twinpath.views.interface import BatchWriter
from twinpath.views.mongodb.generations import MongoGenerations
from twinpath.views.redis.cache import RedisViewCache, redis_client

GROUP, OUTSIDE_GROUP = "views", "outside"


def bootstrap(settings: Settings) -> Starlette:
    """The app, whose lifespan follows the log and, at the end, finishes what is in hand."""
    return _ProjectorService(settings).app()


class _ProjectorService:
    """The parts, each made of those before it, and how they start and stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tracing = tracing_of("projector")
        spans = [MongoSpans(self._tracing)] if self._tracing else []
        self._client = mongo_client(settings.mongodb_url, "projector", spans)
        self._redis = redis_client(settings.redis_url)
        self._logs = logs_of(CATALOGUE.categories, settings.partitions)
        self._source = MongoEventLog(self._client, settings.log_database, self._logs)
        self._writer = MongoGenerations(self._client, settings.views_database)
        self._seals = Seals(MongoKeyStore(self._client, settings.keys_database), CATALOGUE)
        self._metrics = ProjectorMetrics()
        self._traced = {group: TracedGroup(group, self._tracing) for group in (GROUP, OUTSIDE_GROUP)}
        self._projections = all_projections()
        self._copy = self._traced[GROUP].cache(RedisViewCache(self._redis, settings.redis_prefix))
        source = self._traced[GROUP].source(self._source)
        self._cache = CacheSync(self._projections, source, self._writer, self._copy, CATALOGUE)
        self._publisher = RabbitPublisher(settings.rabbitmq_url, OUTSIDE_EXCHANGE)
        self._followers: dict[str, tuple[Projector, RabbitFeed]] = {}
        self._writers: list[tuple[Projector, BatchWriter]] = []
        self._views = self._follow_for_views()
        self._outside = self._follow_for_outside()
        self._metrics.follow(self._followers, self._source, self._writer, self._cache)
        self._start = Start(self._working)

    def app(self) -> Starlette:
        required: dict[str, Check] = {"mongodb": self._ping_mongodb, "start": self._start.check}
        optional: dict[str, Check] = {"redis": self._ping_redis}
        if self._settings.publish_events:
            optional["outside_events"] = self._look_at_outside_events
        described = RabbitFeed("amqp://rabbitmq/", GROUP, self._logs).broker(self._views.project)
        describe(described, CATALOGUE.types)
        specification = AsyncAPI(described, title="Twinpath projector service", version="1")
        known = {projection.name: (projection, its) for of, its in self._writers for projection in of.projections}
        parked = ParkedStreams(known, self._writer, self._source, self._seals, CATALOGUE)
        admin = admin_app(self._settings.admin_token, [parked_routes(parked)])
        _, feed = self._followers[GROUP]
        return create_app(self._views, feed, specification, required, optional, self._lifespan, self._metrics, admin)

    def _follow_for_views(self) -> Projector:
        traced = self._traced[GROUP]
        writer = MeasuredBatches(traced.writer(self._writer, self._settings.views_database), self._metrics, GROUP)
        source, applied = traced.source(self._source), self._cache.applied
        projector = Projector(self._projections, self._logs, source, JointCommits(writer), self._seals, applied)
        self._writers.append((projector, writer))
        self._followers[GROUP] = projector, RabbitFeed(self._settings.rabbitmq_url, GROUP, self._logs)
        return projector

    def _follow_for_outside(self) -> Projector:
        traced = self._traced[OUTSIDE_GROUP]
        writer = traced.publisher(OutsideWriter(self._writer, self._publisher), OUTSIDE_EXCHANGE)
        joint = JointCommits(MeasuredBatches(writer, self._metrics, OUTSIDE_GROUP))
        source = traced.source(self._source)
        projector = Projector([OutsideEventsProjection()], self._logs, source, joint, self._seals)
        self._writers.append((projector, writer))
        if self._settings.publish_events:
            feed = RabbitFeed(self._settings.rabbitmq_url, OUTSIDE_GROUP, self._logs)
            self._followers[OUTSIDE_GROUP] = projector, feed
        return projector

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        await expect_partitions(self._client[self._settings.log_database], self._settings.partitions)
        await self._cache.start()
        for group, (projector, feed) in self._followers.items():
            await projector.start()
            await feed.start(timed(self._traced[group].handler(projector.project), self._metrics, group))
        retiring = Retiring(self._writer, self._copy, timedelta(seconds=self._settings.retired_seconds))
        drops = asyncio.create_task(retiring.run(), name="retiring")
        yield
        drops.cancel()
        await asyncio.gather(*(projector.stop(seconds=4.0) for projector, _ in self._followers.values()))
        await asyncio.gather(*(feed.stop() for _, feed in self._followers.values()))
        await self._publisher.close()
        await self._cache.stop()

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async with self._start.running():
            yield
        await self._redis.aclose()
        await self._client.close()
        if self._tracing:
            self._tracing.stop()

    async def _ping_mongodb(self) -> None:
        await self._client.admin.command("ping")

    async def _ping_redis(self) -> None:
        await self._redis.ping()
        if self._cache.trouble is not None:
            raise Unavailable(self._cache.trouble)

    async def _look_at_outside_events(self) -> Mapping[str, Any]:
        statuses = {log: asdict(status) for log, status in self._outside.status().items()}
        if held_up := [log for log, status in statuses.items() if status["state"] != "live"]:
            raise Unavailable(f"not telling the outside world of: {', '.join(held_up)}", logs=statuses)
        return {"logs": statuses, "parked_streams": self._outside.parked()}
