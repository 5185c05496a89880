"""End-to-end tests of the engine run the workshop's three services as processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.support.workshop_system import WorkshopSystem
from tests.support.services.system import System


@pytest.fixture
def workshop(tmp_path: Path, mongodb_url: str, rabbitmq_url: str, redis_url: str, unique: str) -> Iterator[System]:
    """The three services, ready, on the shared servers with a vhost, databases and keys of their own."""
    system = WorkshopSystem(tmp_path, mongodb_url, rabbitmq_url, redis_url, unique)
    system.settings |= {
        "TWINPATH_APPLICATION": "tests.engine.workshop.application:WORKSHOP",
        "TWINPATH_AFTERCARE_HOURS": "0.0001",
    }
    try:
        yield system.start()
    except Exception:
        print(system.tails())
        raise
    finally:
        system.stop()
