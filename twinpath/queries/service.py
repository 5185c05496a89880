"""The composition root of the query service: the only file that chooses its adapters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from redis.asyncio import Redis
from starlette.types import Lifespan

from twinpath.domain.application import Application
from twinpath.facts.clickhouse.connection import Connection
from twinpath.facts.clickhouse.store import ClickHouseReader
from twinpath.http.site import Site
from twinpath.http.starting import RefusedUntilStarted
from twinpath.identity.composing import authentication_of
from twinpath.mongo_client import mongo_client
from twinpath.observability.mongodb_spans import MongoSpans
from twinpath.observability.trace_export import tracing_of
from twinpath.observability.traced_http import trace_requests
from twinpath.observability.traced_views import SOURCE, traced_cache
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

    @asynccontextmanager
    async def working() -> AsyncIterator[None]:
        await expect_data_version(client[settings.views_database])
        yield

    start = Start(working)

    async def mongodb() -> None:
        await client.admin.command("ping")

    async def redis_answers() -> None:
        await redis.ping()

    async def close() -> None:
        await authentication.close()
        await clickhouse.close()
        await redis.aclose()
        await client.close()
        if index is not None:
            await index.close()
        if tracing:
            tracing.stop()

    authentication = authentication_of("query", settings, application, client)
    clickhouse = Connection(settings.clickhouse_url, _REPORT_SECONDS)
    facts = ClickHouseReader(clickhouse, settings.facts_database) if settings.clickhouse_url else None
    optional = {"redis": redis_answers, **({"clickhouse": facts.ping} if facts else {}), **authentication.checks}
    cache = RedisViewCache(redis, settings.redis_prefix)
    index = search_index(settings, searched_views(application))
    app = create_app(
        MongoViewReader(client, settings.views_database, settings.locale),
        traced_cache(cache, tracing) if tracing else cache,
        application,
        {"mongodb": mongodb, "start": start.check},
        optional,
        settings.causal_wait_seconds,
        zone=ZoneInfo(settings.time_zone),
        close=close,
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
    app.add_middleware(RefusedUntilStarted, start)
    app.router.lifespan_context = _started(start, app.router.lifespan_context)
    if tracing:
        app.state.queries.waits.around = tracing.step
        trace_requests(app, tracing)
    return app


def _started(start: Start, lifespan: Lifespan[FastAPI]) -> Lifespan[FastAPI]:
    """The app's lifespan, within which the service starts."""

    @asynccontextmanager
    async def whole(app: FastAPI) -> AsyncIterator[None]:
        async with lifespan(app), start.running():
            yield

    return whole
