"""The composition root of the query service: the only file that chooses its adapters."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from twinpath.domain.application import Application
from twinpath.facts.clickhouse.connection import Connection
from twinpath.facts.clickhouse.store import ClickHouseReader
from twinpath.http.health import Check
from twinpath.http.site import Site
from twinpath.http.starting import RefusedUntilStarted
from twinpath.identity.composing import authentication_of
from twinpath.mongo_client import mongo_client
from twinpath.observability.mongodb_spans import MongoSpans
from twinpath.observability.trace_export import tracing_of
from twinpath.observability.traced_http import trace_requests
from twinpath.observability.traced_views import SOURCE, traced_cache
from twinpath.observability.tracing import Tracing
from twinpath.queries.app import create_app, searched_views
from twinpath.queries.checking import checks
from twinpath.queries.endpoints.seats import Seats
from twinpath.queries.settings import Settings
from twinpath.running.data_version import expect_data_version
from twinpath.running.main import run_service
from twinpath.running.starting import Start
from twinpath.searching.settings import search_index
from twinpath.views.mongodb.stores import MongoViewReader
from twinpath.views.redis.cache import RedisViewCache

_REDIS_SECONDS = 0.25
_REPORT_SECONDS = 15.0


def run(application: Application) -> None:
    """Serve the declared resources until a signal ends it; with `--check` only say whether the service would start."""
    bootstrapped = partial(bootstrap, application=application)
    run_service("query", Settings, bootstrapped, checks, lambda app: {"on_stop": app.state.stop})


def bootstrap(settings: Settings, application: Application) -> FastAPI:
    """The app that shows the application's resources, on MongoDB and Redis; without Redis it reads all from MongoDB."""
    tracing = tracing_of("query")
    client = mongo_client(settings.mongodb_url, "query", [MongoSpans(tracing, {SOURCE: "mongodb"})] if tracing else [])
    redis = Redis.from_url(  # no retries, and a Redis that hangs shall not be noticed: MongoDB has all of it too
        settings.redis_url, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS
    )
    authentication = authentication_of("query", settings, application, client)
    clickhouse = Connection(settings.clickhouse_url, _REPORT_SECONDS)
    facts = ClickHouseReader(clickhouse, settings.facts_database) if settings.clickhouse_url else None
    analytics = {"clickhouse": facts.ping} if facts else {}
    optional: dict[str, Check] = {"redis": partial(_redis_answers, redis), **analytics, **authentication.checks}
    cache = RedisViewCache(redis, settings.redis_prefix)
    index = search_index(settings, searched_views(application))
    stores = [clickhouse.close, redis.aclose, client.close, *([index.close] if index else [])]
    start = Start(partial(_expecting_its_data, client, settings.views_database))
    app = create_app(
        MongoViewReader(client, settings.views_database, settings.locale),
        traced_cache(cache, tracing) if tracing else cache,
        application,
        {"mongodb": partial(_mongodb_answers, client), "start": start.check},
        optional,
        settings.causal_wait_seconds,
        zone=ZoneInfo(settings.time_zone),
        close=partial(_close, [authentication.close, *stores], tracing),
        cursor_key=settings.cursor_key,
        seats=Seats(settings.live_streams, settings.live_streams_per_caller),
        waiting=Seats(settings.waits, settings.waits_per_caller, "waits"),
        site=Site(settings.allowed_hosts, settings.allowed_origins),
        live_examples=settings.live_examples,
        authentication=authentication,
        index=index,
        language=settings.search_language,
        facts=facts,
    )
    _start_with(app, start)
    if tracing:
        app.state.queries.waits.around = tracing.step
        trace_requests(app, tracing)
    return app


@asynccontextmanager
async def _expecting_its_data(client: AsyncMongoClient[dict[str, Any]], database: str) -> AsyncIterator[None]:
    await expect_data_version(client[database])
    yield


async def _mongodb_answers(client: AsyncMongoClient[dict[str, Any]]) -> None:
    await client.admin.command("ping")


async def _redis_answers(redis: Redis) -> None:
    await redis.ping()


async def _close(stores: Sequence[Callable[[], Awaitable[None]]], tracing: Tracing | None) -> None:
    for close in stores:
        await close()
    if tracing:
        tracing.stop()


def _start_with(app: FastAPI, start: Start) -> None:
    """The service starts within the app's lifespan, and refuses what comes before."""
    of_queries = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncIterator[None]:
        async with of_queries(running), start.running():
            yield

    app.add_middleware(RefusedUntilStarted, start)
    app.router.lifespan_context = lifespan
