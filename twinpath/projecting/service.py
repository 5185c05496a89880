"""The composition root of the projector service: the only file that chooses its adapters."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any

from starlette.applications import Starlette

from twinpath.domain.application import Application
from twinpath.domain.projection import Projection
from twinpath.errors import Unavailable
from twinpath.facts.tables import expect_fit
from twinpath.feed.dead_letters import DeadLetters
from twinpath.feed.rabbit_feed import RabbitFeed
from twinpath.feed.rabbit_nodes import RabbitNodes
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.http.health import Check
from twinpath.http.site import Site
from twinpath.identity.composing import authentication_of
from twinpath.ids import logs_of
from twinpath.log.layout import expect_partitions
from twinpath.log.mongodb import MongoEventLog
from twinpath.mongo_client import mongo_client
from twinpath.observability.mongodb_spans import MongoSpans
from twinpath.observability.trace_export import tracing_of
from twinpath.personal_data.mongo import MongoKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.app import create_app
from twinpath.projecting.applying.applier import Applied
from twinpath.projecting.applying.joint_commits import joint
from twinpath.projecting.checking import checks
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.projecting.copying.kinds import IN_SEARCH
from twinpath.projecting.facts import KeptFacts
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.groups import FACTS, OUTSIDE, VIEWS, searched_views, view_projections
from twinpath.projecting.measuring import measured, timed
from twinpath.projecting.metrics import ProjectorMetrics
from twinpath.projecting.operators import admin_app
from twinpath.projecting.outside_events import EXCHANGE as OUTSIDE_EXCHANGE
from twinpath.projecting.outside_events import OutsideEventsProjection, publishing
from twinpath.projecting.parking.endpoints import parked_routes
from twinpath.projecting.parking.repairs import Repairs
from twinpath.projecting.rebuilding.retiring import Retiring
from twinpath.projecting.settings import Settings
from twinpath.projecting.traced import TracedGroup
from twinpath.running.data_version import raise_data_version
from twinpath.running.main import run_service
from twinpath.running.starting import Start
from twinpath.searching.settings import search_index
from twinpath.views.interface import BatchWriter, ViewCopy
from twinpath.views.mongodb.generations import MongoGenerations
from twinpath.views.redis.cache import RedisViewCache, redis_client

"""The address on the AsyncAPI page."""


def run(application: Application) -> None:
    """Run the projector of these projections, the history and the outside events, until it is told to stop."""
    run_service("projector", Settings, partial(bootstrap, application=application), checks)


def bootstrap(settings: Settings, application: Application) -> Starlette:
    """The app, whose lifespan follows the log and, at the end, finishes what is in hand."""
    return _ProjectorService(settings, application).app()


class _ProjectorService:
    """The parts, each made of those before it, and how they start and stop."""

    def __init__(self, settings: Settings, application: Application) -> None:
        self._settings = settings
        self._catalogue = application.events
        self._tracing = tracing_of("projector")
        spans = [MongoSpans(self._tracing)] if self._tracing else []
        self._client = mongo_client(settings.mongodb_url, "projector", spans)
        self._redis = redis_client(settings.redis_url)
        self._logs = logs_of(self._catalogue.categories, settings.partitions)
        self._source = MongoEventLog(self._client, settings.log_database, self._logs)
        self._writer = MongoGenerations(self._client, settings.views_database, locale=settings.locale)
        self._seals = Seals(MongoKeyStore(self._client, settings.keys_database), self._catalogue)
        self._authentication = authentication_of("projector", settings, application, self._client)
        self._metrics = ProjectorMetrics()
        self._traced = {group: TracedGroup(group, self._tracing) for group in (VIEWS, OUTSIDE)}
        self._projections = view_projections(application)
        self._copy = self._traced[VIEWS].cache(RedisViewCache(self._redis, settings.redis_prefix))
        source = self._traced[VIEWS].source(self._source)
        self._index = search_index(settings, searched_views(self._projections))
        followed = self._projections, source, self._writer
        self._searching = self._index and CacheSync(*followed, self._index, self._catalogue, kind=IN_SEARCH)
        beside = [self._searching] if self._searching else []
        self._cache = CacheSync(*followed, self._copy, self._catalogue, beside=beside)
        self._publisher = RabbitPublisher(settings.rabbitmq_url, OUTSIDE_EXCHANGE, service="projector")
        self._followers: dict[str, tuple[Projector, RabbitFeed]] = {}
        self._projected: dict[str, tuple[Projection, BatchWriter]] = {}
        self._views = self._follow_for_views()
        self._outside = self._follow_for_outside()
        dead_letters = DeadLetters(RabbitNodes(settings.rabbitmq_url, "projector", "dead letters"))
        self._metrics.follow(self._followers, self._source, self._writer, self._cache, dead_letters.count)
        if self._searching and self._index:
            self._metrics.follow_search(self._searching, self._index, self._writer)
        self._facts = self._keep_facts(application)
        self._start = Start(self._working)

    def app(self) -> Starlette:
        required: dict[str, Check] = {"mongodb": self._ping_mongodb, "start": self._start.check}
        optional: dict[str, Check] = {"redis": self._ping_redis, **self._authentication.checks}
        if self._searching:
            optional["search"] = self._look_at_search
        if self._settings.publish_events:
            optional["outside_events"] = self._look_at_outside_events
        if self._facts is not None:
            optional["facts"] = self._facts.check
        parked = Repairs(self._projected, self._writer, self._source, self._seals, self._catalogue)
        site = Site(self._settings.allowed_hosts, self._settings.allowed_origins)
        admin = admin_app([parked_routes(parked)], self._catalogue.about, site, self._authentication)
        _, feed = self._followers[VIEWS]
        return create_app(
            self._views,
            feed,
            self._catalogue,
            required,
            optional,
            self._lifespan,
            self._metrics,
            admin,
            self._authentication,
            site,
        )

    def _follow_for_views(self) -> Projector:
        traced = self._traced[VIEWS]
        writer = measured(traced.writer(self._writer, self._settings.views_database), self._metrics, VIEWS)
        projector = self._projector(self._projections, VIEWS, writer, self._cache.applied)
        self._followers[VIEWS] = projector, self._feed(VIEWS)
        return projector

    def _follow_for_outside(self) -> Projector:
        traced = self._traced[OUTSIDE]
        publisher = traced.publisher(publishing(self._writer, self._publisher), OUTSIDE_EXCHANGE)
        writer = measured(publisher, self._metrics, OUTSIDE)
        projector = self._projector([OutsideEventsProjection()], OUTSIDE, writer)
        if self._settings.publish_events:
            self._followers[OUTSIDE] = projector, self._feed(OUTSIDE)
        return projector

    def _keep_facts(self, application: Application) -> KeptFacts | None:
        expect_fit(application.facts, self._catalogue)
        if not (self._settings.clickhouse_url and application.facts):
            return None
        traced = TracedGroup(FACTS, self._tracing)
        metrics, seals = self._metrics, self._seals
        return KeptFacts(self._settings, application, self._logs, self._source, seals, metrics, traced)

    def _feed(self, group: str) -> RabbitFeed:
        return RabbitFeed(self._settings.rabbitmq_url, group, self._logs, service="projector")

    def _projector(
        self,
        projections: Sequence[Projection],
        group: str,
        writer: BatchWriter,
        on_applied: Callable[[Applied], None] = lambda applied: None,
    ) -> Projector:
        source = self._traced[group].source(self._source)
        self._projected |= {projection.name: (projection, writer) for projection in projections}
        return Projector(projections, self._logs, source, joint(writer), self._seals, self._catalogue, on_applied)

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        await expect_partitions(self._client[self._settings.log_database], self._settings.partitions)
        await raise_data_version(self._client[self._settings.views_database])
        await self._cache.start()
        for group, (projector, feed) in self._followers.items():
            await projector.start()
            await feed.start(
                timed(self._traced[group].handler(projector.project), self._metrics, group), projector.followers
            )
        copies: list[ViewCopy[Any]] = [self._copy, *([self._index] if self._index else [])]
        retiring = Retiring(self._writer, copies, timedelta(seconds=self._settings.retired_seconds))
        if self._facts is not None:
            await self._facts.start()
        drops = asyncio.create_task(retiring.run(), name="retiring")
        yield
        drops.cancel()
        if self._facts is not None:
            await self._facts.stop()
        await asyncio.gather(*(projector.stop(seconds=4.0) for projector, _ in self._followers.values()))
        await asyncio.gather(*(feed.stop() for _, feed in self._followers.values()))
        await self._publisher.close()
        await self._cache.stop()
        if self._index:
            await self._index.close()

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async with self._start.running():
            yield
        await self._authentication.close()
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

    async def _look_at_search(self) -> None:
        if self._searching and self._searching.trouble is not None:
            raise Unavailable(self._searching.trouble)

    async def _look_at_outside_events(self) -> Mapping[str, Any]:
        statuses = {log: asdict(status) for log, status in self._outside.status().items()}
        if waiting := [log for log, status in statuses.items() if status["state"] != "live"]:
            raise Unavailable(f"not telling the outside world of: {', '.join(waiting)}", logs=statuses)
        return {"logs": statuses, "parked_streams": self._outside.parked()}
