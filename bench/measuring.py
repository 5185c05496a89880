"""The means that measurements share: private servers, services on them, calls in flight."""

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

import uvloop
from pymongo import MongoClient, WriteConcern

from deploy.local.install import find_or_install
from deploy.local.mongodb import Mongod, MongoDB
from deploy.local.ports import hold_port
from deploy.local.process import Process
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.redis import Redis
from deploy.local.services import Service, service_environment

JOURNALED = WriteConcern("majority", j=True)
_FILLING_BYTES, _FILLING_PATIENCE_MS = 2 * 2**30, 120_000
P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Servers:
    """Private servers, and the settings with which a service finds them."""

    mongodb: str
    redis: str
    rabbitmq: str
    folder: Path
    processes: Mapping[str, Process]
    """By name: `mongod`, `RabbitMQ`, `Redis`."""

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a service against these servers."""
        return service_environment(self.mongodb, self.rabbitmq, self.redis)


@contextmanager
def mongodb_alone() -> Iterator[str]:
    """The URL of a private MongoDB, stopped at the end."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        mongodb = MongoDB([Mongod(find_or_install().mongod, Path(folder), hold_port())])
        stack.callback(mongodb.close)
        mongodb.start()
        yield mongodb.url


def on_mongodb(measure: Callable[[str, R], Coroutine[Any, Any, None]]) -> Callable[[R], None]:
    """A measurement that a run calls, made of what measures by the URL of a private MongoDB."""

    @wraps(measure)
    def alone(run: R) -> None:
        with mongodb_alone() as url:
            uvloop.run(measure(url, run))

    return alone


@contextmanager
def servers() -> Iterator[Servers]:
    """All three servers, private, stopped at the end."""
    programs = find_or_install()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        mongod = Mongod(programs.mongod, folder / "mongodb", hold_port())
        mongodb = MongoDB([mongod])
        redis = Redis(programs.redis_server, folder / "redis")
        rabbitmq = RabbitMQ(programs.rabbitmq_server, programs.epmd, folder / "rabbitmq")
        for server in (mongodb, redis, rabbitmq):
            stack.callback(server.close)
            server.start()
        processes = {"mongod": mongod, "RabbitMQ": rabbitmq, "Redis": redis}
        yield Servers(mongodb.url, redis.url, rabbitmq.url, folder, processes)


@contextmanager
def running(started: Servers, *names: str, env: Mapping[str, str] = NO_SETTINGS) -> Iterator[list[Service]]:
    """A ready replica of every named service, with `env` added to the settings; stopped at the end."""
    with ExitStack() as stack:
        services = [Service(name, started.folder / f"{name}.log", {**started.environment, **env}) for name in names]
        for service in services:
            stack.callback(service.stop)
            service.start()
        for service in services:
            service.wait_ready()
        yield services


@contextmanager
def filling(mongodb: str) -> Iterator[str]:
    """A URL of MongoDB with long time limits, for filling databases.

    MongoDB has more memory meanwhile; at the end every write is on disk, and the memory is as before.
    """
    with MongoClient[dict[str, Any]](mongodb, appname="bench") as client:  # no time limit: fsync takes a while
        before = client.admin.command("serverStatus")["wiredTiger"]["cache"]["maximum bytes configured"]
        _set_cache(client, max(before, _FILLING_BYTES))
        yield f"{mongodb}&socketTimeoutMS={_FILLING_PATIENCE_MS}"
        client.admin.command("fsync")
        _set_cache(client, before)


def _set_cache(client: MongoClient[dict[str, Any]], size: int) -> None:
    client.admin.command({"setParameter": 1, "wiredTigerEngineRuntimeConfig": f"cache_size={size}"})


def in_process(work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """The result of a function from a new process of its own, which must be able to import it."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *arguments, **options).result()


async def rate(count: int, callers: int, work: Callable[[int], Awaitable[None]]) -> float:
    """Calls of `work` a second, `callers` of them in flight."""
    numbers = iter(range(count))

    async def call() -> None:
        for number in numbers:
            await work(number)

    began = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(callers)))
    return count / (time.perf_counter() - began)
