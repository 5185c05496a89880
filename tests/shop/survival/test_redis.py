"""Redis lost in every way: queries go on from MongoDB, and come back to Redis."""

import asyncio
from collections.abc import Callable

import httpx
from redis.asyncio import Redis

from tests.shop.support.work import Work, at_work
from tests.support.eventually import eventually
from tests.support.provided.servers import RedisServer
from tests.support.services.readiness import watched
from tests.support.services.scraped import scraped
from tests.support.services.system import System
from tests.support.survival import times


async def test_whatever_happens_to_redis_queries_go_on_and_come_back_to_it(
    make_system: Callable[..., System], private_redis: Callable[[], RedisServer], mongodb_url: str, rabbitmq_url: str
) -> None:
    redis = private_redis()
    system = make_system(mongodb_url, rabbitmq_url, redis.url).start()
    async with watched(system["query"]) as readiness, at_work(system) as work:
        for _ in range(times(1, 10)):
            await work.more(60)

            async with Redis.from_url(redis.url) as client:
                await client.flushall()
            await goes_on_and_comes_back(work)

            await asyncio.to_thread(redis.wipe)
            await goes_on_and_comes_back(work)

            readiness.forget()
            async with Redis.from_url(redis.url) as client:
                await client.config_set("maxmemory", "1mb")  # it answers, and takes no writes
                await work.more_old_news(20)
                await readiness.said_down("copies")
                await client.config_set("maxmemory", "0")
            await goes_on_and_comes_back(work)
            await readiness.says_up("copies")

            await asyncio.to_thread(redis.kill)
            readiness.forget()
            await readiness.said_down("redis")
            await work.more(60)
            await asyncio.sleep(times(0, 60))  # away for a minute
            assert (await health(system)) == (200, "degraded")
            await asyncio.to_thread(redis.start)
            await goes_on_and_comes_back(work)
            await readiness.says_up("redis")
        assert work.answers[503] == work.answers[0] == 0, "a query was refused, although MongoDB was there"


async def goes_on_and_comes_back(work: Work) -> None:
    """Queries are answered at once, after a while from Redis again."""
    await work.more_answers(20)

    async def from_redis() -> float:
        scrape = await scraped(work.queries)
        return scrape.value("twinpath_query_documents_total", view="ticket_details", source="redis") or 0

    async def answered_from_redis() -> bool:
        before = await from_redis()
        for ticket in list(work.ledger.tickets)[:20]:
            (await work.queries.get(f"/api/v1/tickets/{ticket}")).raise_for_status()
        return await from_redis() >= before + 20

    await eventually(answered_from_redis, limit=60)


async def health(system: System) -> tuple[int, str]:
    """What the readiness of the query service says."""
    async with httpx.AsyncClient(base_url=system["query"].url, timeout=10) as client:
        answer = await client.get("/health/ready")
        return answer.status_code, answer.json()["status"]
