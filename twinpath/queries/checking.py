"""Whether the query service would start with these settings."""

from collections.abc import Sequence
from functools import partial

from twinpath.checking.clickhouse import answers
from twinpath.checking.mongodb import READ, replica_set, rights
from twinpath.checking.opensearch import answers as search_answers
from twinpath.checking.redis import may_read
from twinpath.checking.report import CheckUp
from twinpath.mongo_client import mongo_client
from twinpath.queries.settings import Settings
from twinpath.running.data_version import expect_data_version
from twinpath.searching.settings import is_server
from twinpath.views.redis.cache import redis_client


def checks(settings: Settings) -> Sequence[tuple[str, CheckUp]]:
    """By name, in the order in which a failure explains the next."""

    async def mongodb() -> str:
        async with mongo_client(settings.mongodb_url, "check") as client:
            return await replica_set(client)

    async def may() -> str:
        async with mongo_client(settings.mongodb_url, "check") as client:
            return await rights(client, {settings.views_database: READ})

    async def layout() -> str:
        async with mongo_client(settings.mongodb_url, "check") as client:
            await expect_data_version(client[settings.views_database])
        return "the views can be read by this release"

    async def redis() -> str:
        async with redis_client(settings.redis_url) as client:
            return await may_read(client, settings.redis_prefix)

    search = [("search", partial(search_answers, settings.search_url, settings.servers_ca_file))]
    searches = search if is_server(settings.search_url) else []
    analytics = [("clickhouse", partial(answers, settings.clickhouse_url))] if settings.clickhouse_url else []
    return [("mongodb", mongodb), ("rights", may), ("layout", layout), ("redis", redis), *searches, *analytics]
