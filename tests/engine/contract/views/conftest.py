"""The copies of views that one contract suite runs on."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.support.copies import Copy
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.interface import ViewCache
from twinpath.views.redis.cache import RedisViewCache


@pytest.fixture(params=["in_memory", "redis"])
async def copy(request: pytest.FixtureRequest) -> AsyncIterator[Copy]:
    if request.param == "in_memory":
        in_memory = InMemoryViewCache()

        async def flush() -> None:
            in_memory.flush()

        yield Copy(in_memory, InMemoryViewCache(1), flush)
        return
    prefix = request.getfixturevalue("unique")
    async with Redis.from_url(request.getfixturevalue("redis_url")) as client:

        async def delete_keys() -> None:
            async for key in client.scan_iter(match=f"{prefix}*", count=1000):
                await client.delete(key)

        yield Copy(RedisViewCache(client, prefix), RedisViewCache(client, f"{prefix}brief", 1), delete_keys)


@pytest.fixture
def cache(copy: Copy) -> ViewCache:
    return copy.cache
