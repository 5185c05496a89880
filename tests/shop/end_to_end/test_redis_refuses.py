"""A Redis that answers reads and takes no writes, or comes back with old data: nobody is shown what was."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from tests.shop.support.shop import Shop
from tests.support.eventually import eventually
from tests.support.provided.servers import RedisServer
from tests.support.services.scraped import scraped
from tests.support.services.system import System

COPIED = ("product_catalogue", "customers")
OLD_PRICE, NEW_PRICE, NAME = "9.99", "12.00", "Ada Lovelace"


@asynccontextmanager
async def full(redis: "Redis") -> AsyncIterator[None]:
    """Its memory is used up."""
    await redis.config_set("maxmemory", "1mb")
    yield
    await redis.config_set("maxmemory", "0")


@asynccontextmanager
async def without_replicas(redis: "Redis") -> AsyncIterator[None]:
    """It wants a replica that has every write."""
    await redis.config_set("min-replicas-to-write", "1")
    yield
    await redis.config_set("min-replicas-to-write", "0")


@asynccontextmanager
async def replica(redis: "Redis") -> AsyncIterator[None]:
    """It has become the replica of one that is not there, and shows what it has."""
    await redis.replicaof("127.0.0.1", "1")
    yield
    await redis.replicaof("NO", "ONE")


class Customs:
    """A product and a customer, asked for by id as any reader does."""

    def __init__(self, system: System, commands: httpx.AsyncClient, queries: httpx.AsyncClient) -> None:
        self.system = system
        self.shop = Shop(commands)
        self.queries = queries

    async def begin(self) -> None:
        """Make both, and wait until both are read from Redis."""
        self.product = await self.shop.product("LAMP", price=OLD_PRICE)
        self.customer = await self.shop.customer(NAME)
        await eventually(self.is_visible)
        assert await self.shown() == (OLD_PRICE, NAME)
        await eventually(self.is_read_from_redis)

    async def change(self) -> None:
        """Another price, and an erasure, and wait until the views have both."""
        price = {"price": {"amount": NEW_PRICE, "currency": "EUR"}, "reason": "dearer"}
        await self.shop.send("PUT", f"/products/{self.product}/price", price)
        await self.shop.send("DELETE", f"/customers/{self.customer}")
        await eventually(self.is_visible)

    async def is_visible(self) -> bool:
        """Whether the views have everything that was accepted."""
        token = {"Causal-Token": self.shop.token}
        return {(await self.queries.get(path, headers=token)).status_code for path in self.paths} == {200}

    @property
    def paths(self) -> list[str]:
        """Of the product and the customer."""
        return [f"/api/v1/products/{self.product}", f"/api/v1/customers/{self.customer}"]

    async def shown(self) -> tuple[str, str]:
        """Price and name."""
        product, customer = [(await self.queries.get(path)).raise_for_status().json() for path in self.paths]
        return product["price"]["amount"], customer["name"]

    async def shows_the_new(self) -> bool:
        """Whether the price is the new one; the name was wiped before."""
        price, name = await self.shown()
        if name == NAME:
            pytest.fail("an erased name was served")
        return price == NEW_PRICE

    async def is_read_from_redis(self) -> bool:
        """Whether both came from there, asked for once more."""
        before = [await self.from_redis(view) for view in COPIED]
        await self.shown()
        return [await self.from_redis(view) for view in COPIED] == [count + 1 for count in before]

    async def from_redis(self, view: str) -> float:
        """How many documents came from there."""
        scrape = await scraped(self.queries)
        return scrape.value("twinpath_query_documents_total", view=view, source="redis") or 0

    async def is_shown_the_new_from_now_on(self) -> None:
        """The erased name never, the old price not for more than a moment."""
        await eventually(self.shows_the_new)
        for _ in range(200):
            assert await self.shows_the_new()

    async def copies(self) -> Any:
        """What readiness says of the copies."""
        ready = await self.queries.get("/health/ready")
        assert ready.status_code == 200
        return ready.json()["dependencies"]["copies"]

    async def are_used_again(self) -> bool:
        """Whether the copies are, and nobody says otherwise."""
        metrics = await scraped(self.queries)
        bypassed = [metrics.value("twinpath_copy_bypassed", view=view) for view in COPIED]
        used = (await self.copies())["status"] == "up" and bypassed == [0, 0]
        return await self.shows_the_new() and used and await self.is_read_from_redis()


Make = Callable[..., System]


@asynccontextmanager
async def at_customs(system: System) -> AsyncIterator[Customs]:
    async with system.client("command") as commands, system.client("query") as queries:
        customs = Customs(system, commands, queries)
        await customs.begin()
        yield customs


@pytest.mark.parametrize("refuses", [full, without_replicas, replica])
async def test_what_a_redis_that_takes_no_writes_still_has_is_not_shown(
    make_system: Make,
    mongodb_url: str,
    rabbitmq_url: str,
    private_redis: Callable[[], RedisServer],
    refuses: Callable[["Redis"], AbstractAsyncContextManager[None]],
) -> None:
    server = private_redis()
    system = make_system(mongodb_url, rabbitmq_url, server.url).start()
    async with Redis.from_url(server.url) as redis, at_customs(system) as customs:
        async with refuses(redis):
            await customs.change()
            await customs.is_shown_the_new_from_now_on()

            async def told() -> bool:
                metrics = await scraped(customs.queries)
                bypassed = {metrics.value("twinpath_copy_bypassed", view=view) for view in COPIED}
                return set((await customs.copies()).get("views", {})) >= {*COPIED} and bypassed == {1}

            await eventually(told)
            await eventually(lambda: projector_says(system, "down"))
        await eventually(customs.are_used_again, limit=60)
        await eventually(lambda: projector_says(system, "up"))


async def test_what_a_redis_comes_back_with_is_not_shown_before_it_has_caught_up(
    make_system: Make, mongodb_url: str, rabbitmq_url: str, private_redis: Callable[[], RedisServer]
) -> None:
    server = private_redis()
    system = make_system(mongodb_url, rabbitmq_url, server.url).start()
    async with Redis.from_url(server.url) as redis, at_customs(system) as customs:
        old = {key: await redis.dump(key) or b"" async for key in redis.scan_iter()}
        await customs.change()
        await eventually(customs.are_used_again)
        system["projector"].stop()  # nobody mends the copy

        async with redis.pipeline(transaction=True) as back:
            back.flushall()
            for key, value in old.items():
                back.restore(key, 0, value)
            await back.execute()

        await customs.is_shown_the_new_from_now_on()
        system["projector"].start()
        await eventually(customs.are_used_again, limit=60)


async def projector_says(system: System, state: str) -> bool:
    async with system.client("projector") as projector:
        return bool((await projector.get("/health/ready")).json()["dependencies"]["redis"]["status"] == state)
