"""Fixtures of the three services as processes, on the shared servers or on private ones; a conftest imports them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.services.system import System

_SYSTEMS = pytest.StashKey[list[System]]()


@pytest.fixture
def make_system(request: pytest.FixtureRequest, tmp_path: Path, unique: str) -> Iterator[Callable[..., System]]:
    """Makes the services, not yet started, on given servers: `make_system(mongodb_url, rabbitmq_url, redis_url)`."""
    made: list[System] = []
    request.node.stash[_SYSTEMS] = made

    def make(mongodb_url: str, rabbitmq_url: str, redis_url: str) -> System:
        made.append(System(tmp_path, mongodb_url, rabbitmq_url, redis_url, unique))
        return made[-1]

    yield make
    for system in made:
        system.stop()


@pytest.fixture
def stopped_system(make_system: Callable[..., System], mongodb_url: str, rabbitmq_url: str, redis_url: str) -> System:
    """The three services, not yet started, on the shared servers with a vhost, databases and keys of their own."""
    return make_system(mongodb_url, rabbitmq_url, redis_url)


@pytest.fixture
def system(stopped_system: System) -> System:
    """The three services, ready, on the shared servers with a vhost, databases and keys of their own."""
    return stopped_system.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """When a test fails, show the ends of its services' logs."""
    report: pytest.TestReport = yield
    if report.failed:
        for made in item.stash.get(_SYSTEMS, []):
            report.sections += [(f"log of {name}", tail) for name, tail in made.tails().items()]
    return report
