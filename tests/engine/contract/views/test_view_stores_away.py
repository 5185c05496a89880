"""When the server is away or hangs, only our own errors come out of the stores of views, and soon."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from pymongo import AsyncMongoClient, MongoClient

from tests.support.recording import NOON
from twinpath.domain.views import Cached, Change, Put, View
from twinpath.errors import Unavailable
from twinpath.mongo_client import mongo_client
from twinpath.views.interface import Batch, CheckpointMove
from twinpath.views.mongodb.stores import MongoViewWriter
from twinpath.views.parking import Park, ParkedStream
from twinpath.views.redis.cache import RedisViewCache, redis_client

VIEW = View("things", indexes=(("n",),))
THING = Cached("a", 1, '"1"', b"{}")

PARK = Park(ParkedStream("p", "repair-1", "repair.0", 1, 1, 1, "no", 1, NOON, NOON))

STORE_CALLS: dict[str, Callable[[MongoViewWriter], Awaitable[Any]]] = {
    "prepare": lambda store: store.prepare([VIEW], [("p", "log")]),
    "checkpoints": lambda store: store.checkpoints(),
    "commit": lambda store: store.commit(Batch([Put("things", "a", {"n": 1})], [CheckpointMove("p", "log", 0, 1)])),
    "documents": lambda store: store.documents("things", ["a"]),
    "get": lambda store: store.get("things", "a"),
    "page": lambda store: store.page("things", {"n": 1}, None, 10),
    "park": lambda store: store.commit(Batch(parking=[PARK])),
    "parked.counts": lambda store: store.parked.counts(),
    "parked.among": lambda store: store.parked.among(["p"], ["repair-1"]),
    "parked.get": lambda store: store.parked.get("p", "repair-1"),
    "parked.page": lambda store: store.parked.page("p", None, 10),
    "parked.longest_untried": lambda store: store.parked.longest_untried(None, NOON, None, 10),
    "parked.totals": lambda store: store.parked.totals("p"),
    "parked.skipped": lambda store: store.parked.skipped(None, "p/x", 10),
    "parked.late_copies": lambda store: store.parked.late_copies(10),
    "parked.copied": lambda store: store.parked.copied(["x"]),
    "watch_checkpoints": lambda store: anext(store.watch_checkpoints()),
    "watch_documents": lambda store: anext(store.watch_documents(["things"])),
}
CACHE_CALLS: dict[str, Callable[[RedisViewCache], Awaitable[Any]]] = {
    "write": lambda cache: cache.write("things", {"log": (0, 1)}, [THING], ["b"]),
    "positions": lambda cache: cache.positions("things"),
    "adopt": lambda cache: cache.adopt("things", {"log": 1}),
    "fill_state": lambda cache: cache.fill_state("things"),
    "begin_fill": lambda cache: cache.begin_fill("things", "token"),
    "fill": lambda cache: cache.fill("things", "token", [THING], False),
    "get": lambda cache: cache.get("things", "a"),
    "get_many": lambda cache: cache.get_many("things", ["a", "b"]),
}


@pytest.fixture(params=["closed", "hanging"])
async def port(request: pytest.FixtureRequest) -> AsyncIterator[int]:
    """A port where nobody listens, or one where somebody takes the connection and never says a word."""
    gone = asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    number: int = server.sockets[0].getsockname()[1]
    if request.param == "closed":
        server.close()
        await server.wait_closed()
    yield number
    gone.set()
    server.close()
    gc.collect()  # while the mark holds that lets PyMongo's sockets be


# PyMongo 4.20 forgets to close a socket when it is closed itself while it connects (_async_create_connection).
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize("call", STORE_CALLS.values(), ids=STORE_CALLS)
async def test_mongodb_away_is_unavailable(port: int, call: Callable[[MongoViewWriter], Awaitable[Any]]) -> None:
    limits = "serverSelectionTimeoutMS=200&connectTimeoutMS=200&socketTimeoutMS=200"
    async with asyncio.timeout(5):
        async with mongo_client(f"mongodb://127.0.0.1:{port}/?directConnection=true&{limits}", "test") as client:
            with pytest.raises(Unavailable):
                await call(MongoViewWriter(client, "away"))


@pytest.mark.parametrize("call", CACHE_CALLS.values(), ids=CACHE_CALLS)
async def test_redis_away_is_unavailable(port: int, call: Callable[[RedisViewCache], Awaitable[Any]]) -> None:
    async with asyncio.timeout(5), redis_client(f"redis://127.0.0.1:{port}", 0.2) as client:
        with pytest.raises(Unavailable):
            await call(RedisViewCache(client, "away"))


@pytest.fixture
async def store(mongodb_url: str, unique: str) -> AsyncIterator[MongoViewWriter]:
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(mongodb_url) as client:
        store = MongoViewWriter(client, unique)
        await store.prepare([VIEW], [("p", "log")])
        yield store


@pytest.mark.parametrize("kind", ["checkpoints", "documents"])
async def test_a_watch_whose_database_is_dropped_is_unavailable(
    store: MongoViewWriter, kind: str, mongodb_url: str, unique: str
) -> None:
    watch = store.watch_checkpoints() if kind == "checkpoints" else store.watch_documents(["things"])
    following = asyncio.Event()

    async def follow() -> None:
        async for _ in watch:
            following.set()

    task = asyncio.create_task(follow())
    async with asyncio.timeout(10):
        while not following.is_set():
            await store.commit(Batch([Change("things", "a", increment={"n": 1}, create=True)]))
            await asyncio.wait([task], timeout=0.05)
        with MongoClient[dict[str, Any]](mongodb_url) as client:
            client.drop_database(unique)
        with pytest.raises(Unavailable):
            await task


@pytest.mark.parametrize(
    "document", [{"n": 2**70}, {"n": object()}, {"n": "x" * 17_000_000}], ids=["number", "type", "size"]
)
async def test_what_mongodb_cannot_store_is_an_error_of_the_change(
    store: MongoViewWriter, document: dict[str, Any]
) -> None:
    """Not Unavailable: trying again for ever would change nothing."""
    with pytest.raises(ValueError, match=r"stored|fit"):
        await store.commit(Batch([Put("things", "a", document)], [CheckpointMove("p", "log", 0, 1)]))

    assert await store.checkpoints() == {("p", "log"): 0}
