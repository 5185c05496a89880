"""The servers tests run on: addresses from the environment, else Docker containers, else private local processes."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, cast

from deploy.local.install import find_or_install, install_clickhouse
from deploy.local.mongodb import ELECTION_TIMEOUT_MS, Mongod, MongoDB
from deploy.local.ports import hold_ports
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.rabbitmq_cluster import RabbitMQCluster
from deploy.local.redis import Redis

WAY = "TWINPATH_TEST_SERVERS"
"""`docker` or `local` settles where servers come from; unset, Docker is taken when an engine answers."""

KIND_OF_FIXTURE = {"mongodb_url": "mongodb", "redis_url": "redis", "rabbitmq": "rabbitmq"}


class Server(Protocol):
    """A server that a test may hurt; address and data outlive all but `close`."""

    url: str

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> None: ...


class RedisServer(Server, Protocol):
    """A Redis; `wipe` brings it back empty at the same address."""

    def wipe(self) -> None: ...


class RabbitMQServer(Server, Protocol):
    """A broker; `wipe` brings it back with an empty disk at the same address, `control` runs rabbitmqctl on it."""

    management_url: str

    def wipe(self) -> None: ...
    def control(self, *arguments: str) -> str: ...


class Provider(Protocol):
    """Makes servers, not started yet."""

    def mongodb(self, members: int, election_timeout_ms: int) -> MongoDB: ...
    def redis(self) -> RedisServer: ...
    def rabbitmq(self) -> RabbitMQServer: ...
    def close(self) -> None: ...


class LocalServers:
    """Private processes in a folder of their own that `close` removes."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="twinpath-tests-"))
        self._programs = find_or_install()

    def mongodb(self, members: int, election_timeout_ms: int) -> MongoDB:
        """A replica set."""
        folder = self._fresh("mongodb")
        mongods = [Mongod(self._programs.mongod, folder, port) for port in hold_ports(members)]
        return MongoDB(mongods, election_timeout_ms)

    def redis(self) -> RedisServer:
        """A Redis."""
        return Redis(self._programs.redis_server, self._fresh("redis"))

    def rabbitmq(self) -> RabbitMQServer:
        """A RabbitMQ node."""
        return RabbitMQ(self._programs.rabbitmq_server, self._programs.epmd, self._fresh("rabbitmq"))

    def close(self) -> None:
        """Remove all data and logs; the servers must have been closed before."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _fresh(self, name: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))


class ContainerServers:
    """Containers of the Docker engine."""

    def mongodb(self, members: int, election_timeout_ms: int) -> MongoDB:
        """A replica set."""
        from tests.support.provided.container_servers import MongoDBContainers

        return MongoDBContainers(members, election_timeout_ms)

    def redis(self) -> RedisServer:
        """A Redis."""
        from tests.support.provided.container_servers import RedisContainer

        return RedisContainer()

    def rabbitmq(self) -> RabbitMQServer:
        """A RabbitMQ node."""
        from tests.support.provided.container_servers import RabbitMQContainer

        return RabbitMQContainer()

    def close(self) -> None:
        """Every container was removed by its own `close`."""


def local_cluster(folder: Path) -> RabbitMQCluster:
    """Three RabbitMQ nodes, not started yet: local processes, wherever other servers come from."""
    programs = find_or_install()
    return RabbitMQCluster(programs.rabbitmq_server, programs.epmd, folder)


def choose_provider() -> Provider:
    """Containers where an engine answers, else local processes."""
    return ContainerServers() if _way() == "docker" else LocalServers()


def install_missing(fixtures: set[str]) -> None:
    """Install what servers for these fixtures need. Raises MissingProgram.

    It is done before the first test, whose time limit is not made for downloads.
    """
    kinds = {KIND_OF_FIXTURE[name] for name in fixtures & KIND_OF_FIXTURE.keys()}
    private = any(name.startswith("private_") and name != "private_clickhouse" for name in fixtures)
    if any(name.endswith("clickhouse") or name == "clickhouse_url" for name in fixtures):
        install_clickhouse()
    if (private or any(_from_environment(kind) is None for kind in kinds)) and _way() == "local":
        find_or_install()


def _way() -> str:
    from tests.support.provided.containers import (
        engine_answers,  # loads the Docker SDK, which unit tests need not wait for
    )

    return os.environ.get(WAY) or ("docker" if engine_answers() else "local")


@dataclass(frozen=True)
class RabbitMQAddress:
    """Where a broker and its management API are."""

    url: str
    management_url: str


class SharedServers:
    """The servers all tests of a session share: each starts when first needed, several at the same time."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="servers")
        self._starting: dict[str, Future[Server | MongoDB]] = {}
        self._used: set[str] = set()

    @cached_property
    def provider(self) -> Provider:
        """Where servers come from, found out once."""
        return choose_provider()

    def begin(self, kinds: Iterable[str]) -> None:
        """Start these kinds (mongodb, redis, rabbitmq) in the background unless the environment names them."""
        for kind in kinds:
            if kind not in self._starting and _from_environment(kind) is None:
                server = self._make(kind)
                self._starting[kind] = self._pool.submit(_started, server)

    def url(self, kind: str) -> str:
        """The address of a kind of server; waits until it is ready."""
        self._used.add(kind)
        return _from_environment(kind) or self._server(kind).url

    def rabbitmq(self) -> RabbitMQAddress:
        """The broker's two addresses; waits until it is ready."""
        url = _from_environment("rabbitmq")
        if url is not None:
            return RabbitMQAddress(url, os.environ["TWINPATH_TEST_RABBITMQ_MANAGEMENT_URL"].rstrip("/"))
        server = cast(RabbitMQServer, self._server("rabbitmq"))
        return RabbitMQAddress(server.url, server.management_url)

    def is_in_use(self, kind: str) -> bool:
        """Whether a test of this session was given the address of this kind of server."""
        return kind in self._used

    def close(self) -> None:
        """End all servers; nothing is left of them."""
        for starting in self._starting.values():
            if starting.exception() is None:
                starting.result().close()
        self._pool.shutdown()
        if "provider" in self.__dict__:
            self.provider.close()

    def _server(self, kind: str) -> Server | MongoDB:
        self.begin([kind])
        return self._starting[kind].result()

    def _make(self, kind: str) -> Server | MongoDB:
        if kind == "mongodb":
            return self.provider.mongodb(1, ELECTION_TIMEOUT_MS)
        return self.provider.redis() if kind == "redis" else self.provider.rabbitmq()


def _started(server: Server | MongoDB) -> Server | MongoDB:
    try:
        server.start()
    except BaseException:
        server.close()
        raise
    return server


def _from_environment(kind: str) -> str | None:
    return os.environ.get(f"TWINPATH_TEST_{kind.upper()}_URL") or None
