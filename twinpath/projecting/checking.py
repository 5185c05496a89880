"""Whether the projector would start with these settings."""

from collections.abc import Sequence
from functools import partial

from twinpath.checking.clickhouse import answers
from twinpath.checking.mongodb import READ, WRITE, replica_set, rights
from twinpath.checking.opensearch import answers as search_answers
from twinpath.checking.redis import may_write
from twinpath.checking.report import CheckUp
from twinpath.feed.interface import EXCHANGE
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.log.layout import expect_partitions
from twinpath.mongo_client import mongo_client
from twinpath.projecting.outside_events import EXCHANGE as OUTSIDE
from twinpath.projecting.settings import Settings
from twinpath.running.data_version import expect_data_version
from twinpath.searching.settings import is_server
from twinpath.views.redis.cache import redis_client


def checks(settings: Settings) -> Sequence[tuple[str, CheckUp]]:
    """By name, in the order in which a failure explains the next."""

    async def mongodb() -> str:
        async with mongo_client(settings.mongodb_url, "check") as client:
            return await replica_set(client)

    async def may() -> str:
        needed = {
            settings.log_database: READ,
            settings.keys_database: READ,
            settings.views_database: WRITE | {"dropCollection"},
        }
        async with mongo_client(settings.mongodb_url, "check") as client:
            return await rights(client, needed)

    async def layout() -> str:
        async with mongo_client(settings.mongodb_url, "check") as client:
            await expect_partitions(client[settings.log_database], settings.partitions)
            await expect_data_version(client[settings.views_database])
        return f"{settings.partitions} partitions a category"

    async def rabbitmq() -> str:
        exchanges = [EXCHANGE, OUTSIDE] if settings.publish_events else [EXCHANGE]
        for publisher in [RabbitPublisher(settings.rabbitmq_url, exchange) for exchange in exchanges]:
            try:
                await publisher.ping()
            finally:
                await publisher.close()
        return f"answers, and knows {' and '.join(exchanges)}"

    async def redis() -> str:
        async with redis_client(settings.redis_url) as client:
            return await may_write(client, settings.redis_prefix)

    search = [("search", partial(search_answers, settings.search_url, settings.servers_ca_file))]
    searches = search if is_server(settings.search_url) else []
    analytics = [("clickhouse", partial(answers, settings.clickhouse_url))] if settings.clickhouse_url else []
    return [
        ("mongodb", mongodb),
        ("rights", may),
        ("layout", layout),
        ("rabbitmq", rabbitmq),
        ("redis", redis),
        *searches,
        *analytics,
    ]
