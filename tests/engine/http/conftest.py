"""The workshop's three services as they are really started, with little patience, shared by all tests here."""

from collections.abc import Iterator

import pytest

from deploy.local.services import NAMES
from tests.engine.support.workshop_system import WorkshopSystem
from tests.support.provided.apart import own_name, own_vhost
from tests.support.provided.servers import RabbitMQAddress, SharedServers

IMPATIENT = {
    "TWINPATH_HTTP_HEAD_SECONDS": "1.5",
    "TWINPATH_HTTP_BODY_SECONDS": "1.5",
    "TWINPATH_HTTP_WRITE_SECONDS": "1.5",
    "TWINPATH_HTTP_KEEP_ALIVE_SECONDS": "3",
}


@pytest.fixture(scope="package")
def ports(
    servers: SharedServers,
    mongodb_url: str,
    redis_url: str,
    rabbitmq: RabbitMQAddress,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, int]]:
    """The port of each service, ready."""
    with own_name(servers) as name, own_vhost(rabbitmq, name) as rabbitmq_url:
        system = WorkshopSystem(tmp_path_factory.mktemp("services"), mongodb_url, rabbitmq_url, redis_url, name)
        system.settings |= IMPATIENT
        try:
            system.start()
            yield {service: int(system[service].url.rpartition(":")[2]) for service in NAMES}
        finally:
            system.stop()
