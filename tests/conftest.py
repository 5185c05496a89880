"""Fixtures of all levels: shared servers that start when first needed, and private ones that a test may hurt."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from structlog.typing import Processor

from deploy.local.install import MissingProgram
from deploy.local.mongodb import ELECTION_TIMEOUT_MS, MongoDB
from deploy.local.rabbitmq_cluster import RabbitMQCluster
from tests.support.clickhouse import clickhouse_url, private_clickhouse
from tests.support.opensearch import URL, VARIABLE
from tests.support.provided.apart import own_name, own_vhost
from tests.support.provided.servers import (
    KIND_OF_FIXTURE,
    RabbitMQAddress,
    RabbitMQServer,
    RedisServer,
    SharedServers,
    install_missing,
    local_cluster,
)

__all__ = ("clickhouse_url", "private_clickhouse")

settings.register_profile("many", deadline=None)
settings.register_profile("few", deadline=None, max_examples=20)
settings.load_profile("many")  # where --hypothesis-profile names no other


def pytest_configure() -> None:
    """Log as services do by default; structlog's own default is a line a request, and a page in colours an exception.

    To standard error, as what a command prints beside it is read by tests from standard output.

    A shell starts what it puts into the background with SIGINT ignored, which programs inherit: here it is not, so that
    tests which interrupt a program do.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    shown = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    processors: list[Processor] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(), shown]
    structlog.configure(
        processors,
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def pytest_report_header() -> str:
    """Say which tests are not run, where a server that nobody can install is missing."""
    return f"OpenSearch: {URL or f'none, its tests are left out; {VARIABLE} names one'}"


def pytest_xdist_auto_num_workers() -> int:
    """A worker more than there are cores, as tests wait a part of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish(session: pytest.Session) -> None:
    """Install the servers' programs where they are missing, unless the tests are only listed."""
    try:
        if not session.config.option.collectonly:
            install_missing(_fixtures_of(session))
    except MissingProgram as missing:
        pytest.exit(str(missing), returncode=1)


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[SharedServers]:
    """All shared servers of the session; what the collected tests ask for starts at once, side by side."""
    shared = SharedServers()
    names = _fixtures_of(request.session)
    try:
        shared.begin(kind for fixture, kind in KIND_OF_FIXTURE.items() if fixture in names)
        yield shared
    finally:
        shared.close()


@pytest.fixture(scope="session")
def mongodb_url(servers: SharedServers) -> str:
    """The address of a MongoDB replica set; use databases whose names start with `unique`."""
    return servers.url("mongodb")


@pytest.fixture(scope="session")
def redis_url(servers: SharedServers) -> str:
    """The address of a Redis; use keys that start with `unique`."""
    return servers.url("redis")


@pytest.fixture(scope="session")
def rabbitmq(servers: SharedServers) -> RabbitMQAddress:
    """The addresses of a RabbitMQ broker; most tests want `rabbitmq_url`, a vhost of their own."""
    return servers.rabbitmq()


@pytest.fixture
def unique(servers: SharedServers) -> Iterator[str]:
    """A short name that no other test has; databases and Redis keys that start with it are removed afterwards."""
    with own_name(servers) as name:
        yield name


@pytest.fixture
def rabbitmq_url(rabbitmq: RabbitMQAddress, unique: str) -> Iterator[str]:
    """The address of a fresh RabbitMQ vhost, deleted afterwards."""
    with own_vhost(rabbitmq, unique) as url:
        yield url


@pytest.fixture
def private_mongodb(servers: SharedServers) -> Iterator[Callable[..., MongoDB]]:
    """Makes replica sets that this test alone uses: `private_mongodb(members=3, election_timeout_ms=1000)`."""
    with ExitStack() as stack:

        def make(members: int = 1, election_timeout_ms: int = ELECTION_TIMEOUT_MS) -> MongoDB:
            mongodb = servers.provider.mongodb(members, election_timeout_ms)
            stack.callback(mongodb.close)
            mongodb.start()
            return mongodb

        yield make


@pytest.fixture
def private_redis(servers: SharedServers) -> Iterator[Callable[[], RedisServer]]:
    """Makes Redis servers that this test alone uses."""
    with ExitStack() as stack:

        def make() -> RedisServer:
            redis = servers.provider.redis()
            stack.callback(redis.close)
            redis.start()
            return redis

        yield make


@pytest.fixture
def private_rabbitmq(servers: SharedServers) -> Iterator[Callable[[], RabbitMQServer]]:
    """Makes RabbitMQ brokers that this test alone uses."""
    with ExitStack() as stack:

        def make() -> RabbitMQServer:
            rabbitmq = servers.provider.rabbitmq()
            stack.callback(rabbitmq.close)
            rabbitmq.start()
            return rabbitmq

        yield make


@pytest.fixture
def private_rabbitmq_cluster(tmp_path: Path) -> Iterator[Callable[[], RabbitMQCluster]]:
    """Makes clusters of three RabbitMQ nodes that this test alone uses."""
    with ExitStack() as stack:

        def make() -> RabbitMQCluster:
            cluster = local_cluster(tmp_path / "rabbitmq")
            stack.callback(cluster.close)
            cluster.start()
            return cluster

        yield make


def _fixtures_of(session: pytest.Session) -> set[str]:
    return {name for item in session.items for name in getattr(item, "fixturenames", ())}
