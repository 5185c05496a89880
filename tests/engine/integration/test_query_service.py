"""The query service on real MongoDB and Redis: the cache comes and goes, lists stay cheap, writes are read at once."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent
from redis.asyncio import Redis

from deploy.local.mongodb import MongoDB
from tests.engine.support.query_app import QueryService
from tests.engine.support.repair_views import RepairViews
from tests.engine.workshop.application import QUERIES
from tests.engine.workshop.views import REPAIR_LIST
from tests.support.eventually import eventually
from tests.support.provided.servers import Server
from tests.support.query_app import serving
from tests.support.written_views import NOON
from twinpath.domain.views import NEWEST_FIRST, Put
from twinpath.ids import new_id
from twinpath.mongo_client import mongo_client
from twinpath.queries.service import bootstrap
from twinpath.queries.settings import Settings
from twinpath.views.interface import Batch, CheckpointMove
from twinpath.views.mongodb.stores import MongoViewReader, MongoViewWriter
from twinpath.views.redis.cache import RedisViewCache, redis_client

Client = AsyncMongoClient[dict[str, Any]]


@pytest.fixture
async def mongodb(mongodb_url: str) -> AsyncIterator[Client]:
    async with mongo_client(mongodb_url, "tests") as client:
        yield client


@asynccontextmanager
async def _running(mongodb: Client, mongodb_url: str, redis_url: str, unique: str) -> AsyncIterator[QueryService]:
    redis: Redis = redis_client(redis_url)
    views = RepairViews(MongoViewWriter(mongodb, unique), RedisViewCache(redis, unique))
    await views.prepare()
    settings = Settings(
        mongodb_url=mongodb_url,
        views_database=unique,
        redis_url=redis_url,
        redis_prefix=unique,
        causal_wait_seconds=10,
    )
    async with serving(bootstrap(settings, QUERIES), views) as service:
        yield service
    await redis.aclose()


@pytest.fixture
async def service(mongodb: Client, mongodb_url: str, redis_url: str, unique: str) -> AsyncIterator[QueryService]:
    async with _running(mongodb, mongodb_url, redis_url, unique) as service:
        yield service


async def test_every_view_shows_the_write_whose_token_is_sent(service: QueryService) -> None:
    repair = await service.views.open()
    log, _, position = service.views.tokens[repair].partition(":")
    token = {"Causal-Token": f"{log}:{int(position) + 1}"}
    paths = ("/repairs", "/repairs/counts", f"/repairs/{repair}", f"/repairs/{repair}/history")
    waiting = [asyncio.create_task(service.get(path, token)) for path in paths]
    version = asyncio.create_task(service.get(f"/repairs/{repair}", {"X-Version": "2"}))

    await service.views.triage(repair)

    listed, counted, shown, history = [answer.json() for answer in await asyncio.gather(*waiting)]
    assert listed["items"][0]["status"] == shown["status"] == "triaged"
    assert counted["by_status"] == {"open": 0, "triaged": 1, "closed": 0}
    assert [entry["version"] for entry in history["items"]] == [1, 2]
    assert (await version).json() == shown


async def test_an_answer_from_a_copy_that_trails_says_where_the_copy_is(service: QueryService) -> None:
    repair = await service.views.open()
    tokens = {1: service.views.tokens[repair]}
    service.views._cache = None  # from here on the copy trails the view, and is left alone after a second
    await service.views.note(repair)
    tokens[2] = service.views.tokens[repair]
    await eventually(partial(service.has_heard, tokens[2]))
    shown = []

    async def shows_the_note() -> bool:
        answer = await service.get(f"/repairs/{repair}")
        version: int = answer.json()["version"]
        shown.append((version, answer.headers["Causal-Token"].split(",")[0]))
        return version == 2

    await eventually(shows_the_note)

    assert set(shown) == {(1, tokens[1]), (2, tokens[2])}
    for path in ("/repairs", "/repairs/counts", f"/repairs/{repair}/history"):
        answer = await service.get(path)
        assert tokens[2] in answer.headers["Causal-Token"].split(","), path


async def test_changes_are_seen_live(service: QueryService) -> None:
    repair = await service.views.open()
    async with service.live(f"/repairs/{repair}/events") as one, service.live("/repairs/events") as every:
        assert (await one.next()).data["version"] == 1
        await every.next()
        for version in range(2, 12):
            await service.views.note(repair)
            told = await one.next()
            assert told.data["version"] == version
            assert told.data == (await service.get(f"/repairs/{repair}")).json()
        seen = await every.next()
        while seen.name == "repairs" or seen.data["version"] < 11:
            seen = await every.next()


async def test_a_flushed_cache_is_made_good_by_the_views(service: QueryService, redis_url: str, unique: str) -> None:
    repair = await service.views.open()
    cached = await service.get(f"/repairs/{repair}")
    counted = await service.get("/repairs/counts")
    async with Redis.from_url(redis_url) as redis:
        async for key in redis.scan_iter(match=f"{unique}*"):
            await redis.delete(key)

    assert (await service.get(f"/repairs/{repair}")).content == cached.content
    assert (await service.get("/repairs/counts")).content == counted.content


async def test_while_redis_is_away_or_hangs_the_views_serve(
    mongodb: Client, mongodb_url: str, private_redis: Callable[[], Server], unique: str
) -> None:
    redis = private_redis()
    async with _running(mongodb, mongodb_url, redis.url, unique) as service:
        repair = await service.views.open()
        assert (await service.get(f"/repairs/{repair}")).status_code == 200

        for hurt, heal in ((redis.pause, redis.resume), (redis.kill, redis.start)):
            await asyncio.to_thread(hurt)
            started = monotonic()
            answers = [await service.get(path) for path in (f"/repairs/{repair}", "/repairs/counts") * 25]
            assert {answer.status_code for answer in answers} == {200}
            assert monotonic() - started < 5
            ready = await service.client.get("/health/ready")
            assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
            await asyncio.to_thread(heal)
            await eventually(lambda: _is_back(service))


def test_without_mongodb_the_service_says_so_and_a_cached_repair_is_served(
    private_mongodb: Callable[..., MongoDB], redis_url: str, unique: str
) -> None:
    asyncio.run(_without_mongodb(private_mongodb(), redis_url, unique))
    with warnings.catch_warnings():  # PyMongo 4.20, closed while it connects, leaves the socket to the collector
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def _without_mongodb(server: MongoDB, redis_url: str, unique: str) -> None:
    async with (
        mongo_client(server.url, "tests") as client,
        _running(client, server.url, redis_url, unique) as service,
    ):
        repair = await service.views.open()
        await asyncio.to_thread(server.kill)

        listed, shown = await asyncio.gather(service.get("/repairs"), service.get(f"/repairs/{repair}"))

        assert shown.status_code == 200
        assert (listed.status_code, listed.json()["code"], listed.headers["Retry-After"]) == (503, "unavailable", "1")
        assert (await service.client.get("/health/ready")).status_code == 503
        assert (await service.client.get("/health/live")).status_code == 200


class _Finds(CommandListener):
    """Remembers the last find, as it was sent."""

    def __init__(self) -> None:
        self.last: dict[str, Any] = {}

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name == "find":
            names = ("find", "filter", "sort", "limit")
            self.last = {name: event.command[name] for name in names if name in event.command}

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"status": "open"},
        {"has_note": True},
        {"status": "triaged", "has_note": False},
        {"owner_id": "owner-1"},
        {"owner_id": "owner-1", "status": "closed"},
        {"owner_id": "owner-1", "has_note": True},
        {"owner_id": "owner-1", "status": "open", "has_note": True},
    ],
    ids=str,
)
async def test_a_page_of_the_list_reads_no_more_than_it_shows(
    mongodb_url: str, unique: str, where: dict[str, Any]
) -> None:
    finds = _Finds()
    async with AsyncMongoClient[dict[str, Any]](mongodb_url, event_listeners=[finds]) as client:
        writer = MongoViewWriter(client, unique)
        await writer.prepare([REPAIR_LIST], [])
        await writer.commit(Batch([_row(number) for number in range(2_000)]))
        reader = MongoViewReader(client, unique)
        first = await reader.page(REPAIR_LIST.name, where, None, 21, NEWEST_FIRST)
        for after in (None, NEWEST_FIRST.place_of(first[-1])):
            await reader.page(REPAIR_LIST.name, where, after, 21, NEWEST_FIRST)
            explained = await client[unique].command("explain", finds.last, verbosity="executionStats")

            stages = _stages(explained["queryPlanner"]["winningPlan"])
            assert "IXSCAN" in stages
            assert not {"COLLSCAN", "SORT"} & stages
            most = 21 if "owner_id" not in where else 2_000 // 7 + 1  # one owner's repairs are few, and have one index
            assert explained["executionStats"]["totalDocsExamined"] <= most


async def test_a_deployed_projection_without_events_is_nothing_to_wait_for(service: QueryService) -> None:
    answer = await service.get("/repairs", {"Causal-Token": "repair.0:0"})

    assert answer.status_code == 200
    assert (await service.get("/repairs", {"Causal-Token": "voucher.0:1"})).json()["code"] == "foreign_causal_token"


async def test_a_log_that_is_new_is_known_at_once(service: QueryService, mongodb: Client, unique: str) -> None:
    writer = MongoViewWriter(mongodb, unique)
    await writer.prepare([], [("repair_list", "repair.9")])
    await writer.commit(Batch(moves=[CheckpointMove("repair_list", "repair.9", 0, 5)]))

    assert (await service.get("/repairs", {"Causal-Token": "repair.9:5"})).status_code == 200


def _row(number: int) -> Put:
    repair = new_id("repair")
    document = {
        "repair_id": repair,
        "status": ("open", "triaged", "closed")[number % 3],
        "has_note": number % 2 == 0,
        "owner_id": f"owner-{number % 7}",
        "opened_at": NOON,
    }
    return Put(REPAIR_LIST.name, repair, document)


def _stages(plan: dict[str, Any]) -> set[str]:
    plan = plan.get("queryPlan", plan)
    return {plan["stage"]} | (_stages(plan["inputStage"]) if "inputStage" in plan else set())


async def _is_back(service: QueryService) -> bool:
    ready: str = (await service.client.get("/health/ready")).json()["status"]
    return ready == "ready"
