"""The composition root of the projector service: the only file that chooses its adapters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from faststream.specification import AsyncAPI
from starlette.applications import Starlette

from projector_service.app import create_app
from projector_service.cache_sync import CacheSync
from projector_service.projections import all_projections
from projector_service.projector import Projector
from projector_service.settings import Settings
from shared.errors import Unavailable
from shared.event_feed.rabbit_feed import RabbitFeed
from shared.event_store.mongo import MongoEventLog
from shared.events.catalogue import CATALOGUE
from shared.ids import logs_of
from shared.mongo_client import mongo_client
from shared.personal_data.mongo import MongoKeyStore
from shared.personal_data.sealing import Seals
from shared.view_store.mongo import MongoViewWriter
from shared.view_store.redis import RedisViewCache, redis_client

GROUP = "views"


def bootstrap(settings: Settings) -> Starlette:
    """The app, whose lifespan follows the log and, at the end, finishes what is in hand."""
    client = mongo_client(settings.mongodb_url, "projector")
    redis = redis_client(settings.redis_url)
    logs = logs_of(CATALOGUE.categories, settings.partitions)
    source = MongoEventLog(client, settings.log_database, logs)
    writer = MongoViewWriter(client, settings.views_database)
    projections = all_projections()
    cache = CacheSync(projections, source, writer, RedisViewCache(redis, settings.redis_prefix), CATALOGUE)
    seals = Seals(MongoKeyStore(client, settings.keys_database), CATALOGUE)
    projector = Projector(projections, logs, source, writer, seals, cache.applied)
    feed = RabbitFeed(settings.rabbitmq_url, GROUP, logs)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await cache.start()
        await projector.start()
        await feed.start(projector.project)
        yield
        await projector.stop(seconds=4.0)
        await feed.stop()
        await cache.stop()
        await redis.aclose()
        await client.close()

    async def mongodb() -> None:
        await client.admin.command("ping")

    async def redis_copy() -> None:
        await redis.ping()
        if cache.trouble is not None:
            raise Unavailable(cache.trouble)

    described = RabbitFeed("amqp://rabbitmq/", GROUP, logs).broker(projector.project)
    specification = AsyncAPI(described, title="Twinpath projector service", version="1")
    return create_app(projector, feed, specification, {"mongodb": mongodb}, {"redis": redis_copy}, lifespan)
