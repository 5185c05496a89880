"""Survival tests run on the three services as processes; in the long form (`make survive`) each fault comes often."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from deploy.local.mongodb import ELECTION_TIMEOUT_MS
from tests.support.opensearch import ENGINES
from tests.support.provided.servers import SharedServers
from tests.support.services.system import System
from tests.support.services.system_fixtures import make_system as make_whole_system
from tests.support.services.system_fixtures import pytest_runtest_makereport, stopped_system, system
from tests.support.survival import LONG, times

__all__ = ["make_whole_system", "pytest_runtest_makereport", "stopped_system", "system"]

# what these show in the short form, contract tests and the deployment's tests show in less time
_LONG_ALONE = [
    "test_clickhouse.py",
    "test_disk_full.py",
    "test_history_lost.py",
    "test_opensearch.py",
    "test_search.py",
]
collect_ignore = _LONG_ALONE if not LONG else [] if ENGINES else ["test_opensearch.py"]


@pytest.fixture(scope="session")
def mongodb_url(servers: SharedServers) -> Iterator[str]:
    """The address of a MongoDB of three members, as production has it, that these tests share."""
    with closing(servers.provider.mongodb(3, ELECTION_TIMEOUT_MS)) as mongodb:
        mongodb.start()
        yield mongodb.url


@pytest.fixture
def make_system(make_whole_system: Callable[..., System]) -> Callable[..., System]:
    """As elsewhere, with search off: what its index survives has a test of its own, and two cores have enough to do."""

    def make(*urls: str) -> System:
        made = make_whole_system(*urls)
        made.settings["TWINPATH_SEARCH_URL"] = ""
        return made

    return make


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is waited for here has limits of its own; this one is for what hangs."""
    for item in items:
        if "tests/shop/survival/" in item.nodeid:
            item.add_marker(pytest.mark.timeout(times(300, 7200)))
