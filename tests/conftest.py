"""Fixtures for every level: shared servers that start when first needed, and private ones that a test may hurt."""

import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from tests.support.servers import Provider
from tests.support.system import System


@dataclass(frozen=True)
class Shared:
    """The addresses of the servers that tests share."""

    mongodb_url: str
    redis_url: str
    rabbitmq_url: str
    rabbitmq_management_url: str


_VARIABLES = [f"TWINPATH_TEST_{name.upper()}" for name in Shared.__dataclass_fields__]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """Servers from the environment, when it names all four addresses, else started here, all at once."""
    given = [os.environ.get(name, "") for name in _VARIABLES]
    if all(given):
        yield Shared(*given)
        return
    provider = Provider(tmp_path_factory.mktemp("servers"))
    try:
        with ThreadPoolExecutor() as pool:
            made = [pool.submit(make) for make in (provider.mongodb, provider.redis, provider.rabbitmq)]
            mongodb, redis, rabbitmq = (future.result() for future in made)
        yield Shared(mongodb.url, redis.url, rabbitmq.url, rabbitmq.management_url)
    finally:
        provider.close()


@pytest.fixture(scope="session")
def mongodb_url(shared: Shared) -> str:
    """A replica set of one."""
    return shared.mongodb_url


@pytest.fixture(scope="session")
def redis_url(shared: Shared) -> str:
    """A Redis; tests keep to keys that begin with `unique`."""
    return shared.redis_url


@pytest.fixture
def unique(request: pytest.FixtureRequest) -> Iterator[str]:
    """A short name of the test's own for databases and keys; databases that begin with it are dropped afterwards."""
    name = f"t{secrets.token_hex(5)}"
    yield name
    if "shared" in request.fixturenames:
        with MongoClient[dict[str, Any]](request.getfixturevalue("mongodb_url")) as client:
            for database in client.list_database_names():
                if database.startswith(name):
                    client.drop_database(database)


@pytest.fixture
def rabbitmq_management(shared: Shared, unique: str) -> Iterator[httpx.Client]:
    """The management API, with a vhost named `unique` that goes with all its queues afterwards."""
    with httpx.Client(base_url=f"{shared.rabbitmq_management_url}/api", timeout=20) as client:
        client.put(f"/vhosts/{unique}").raise_for_status()
        yield client
        client.delete(f"/vhosts/{unique}").raise_for_status()


@pytest.fixture
def rabbitmq_url(shared: Shared, rabbitmq_management: httpx.Client, unique: str) -> str:
    """A RabbitMQ vhost of the test's own."""
    return f"{shared.rabbitmq_url.rstrip('/')}/{unique}"


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Provider]:
    """Makes servers for this test alone, which it may stop, kill, pause and wipe."""
    provider = Provider(tmp_path)
    yield provider
    provider.close()


@pytest.fixture
def system(tmp_path: Path, mongodb_url: str, redis_url: str, rabbitmq_url: str, unique: str) -> Iterator[System]:
    """The three services on the shared servers, with databases, vhost and keys of their own; not yet started."""
    running = System(tmp_path, mongodb_url, rabbitmq_url, redis_url, unique)
    yield running
    running.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """When a test with services fails, show the ends of their logs."""
    report: pytest.TestReport = yield
    running = getattr(item, "funcargs", {}).get("system")
    if report.failed and isinstance(running, System):
        report.sections += [(f"log of {name}", tail) for name, tail in running.tails().items()]
    return report
