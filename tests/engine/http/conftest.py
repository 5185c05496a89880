"""The workshop's three services as they are really started: with little patience for most tests, or as by default."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.services import NAMES
from tests.engine.support.workshop_system import WorkshopSystem
from tests.support.provided.apart import own_name, own_vhost
from tests.support.provided.servers import RabbitMQAddress, SharedServers
from tests.support.services.system import System

IMPATIENT = {
    "TWINPATH_HTTP_HEAD_SECONDS": "1.5",
    "TWINPATH_HTTP_BODY_SECONDS": "1.5",
    "TWINPATH_HTTP_WRITE_SECONDS": "1.5",
    "TWINPATH_HTTP_KEEP_ALIVE_SECONDS": "3",
}


@pytest.fixture(scope="package")
def workshops(
    servers: SharedServers,
    mongodb_url: str,
    redis_url: str,
    rabbitmq: RabbitMQAddress,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Iterator[System]]:
    """Runs the services with these settings."""

    def run(**settings: str) -> Iterator[System]:
        folder: Path = tmp_path_factory.mktemp("services")
        with own_name(servers) as name, own_vhost(rabbitmq, name) as rabbitmq_url:
            system = WorkshopSystem(folder, mongodb_url, rabbitmq_url, redis_url, name)
            system.settings |= settings
            try:
                yield system.start()
            finally:
                system.stop()

    return run


@pytest.fixture(scope="package")
def ports(workshops: Callable[..., Iterator[System]]) -> Iterator[dict[str, int]]:
    """The port of each service, which has little patience."""
    with contextmanager(workshops)(**IMPATIENT) as system:
        yield {service: int(system[service].url.rpartition(":")[2]) for service in NAMES}


@pytest.fixture
def patient(workshops: Callable[..., Iterator[System]]) -> Iterator[System]:
    """The services with their own settings, for this test alone."""
    with contextmanager(workshops)() as system:
        yield system
