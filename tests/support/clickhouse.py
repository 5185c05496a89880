"""The ClickHouse of tests: its own engine behind a door of this checkout, one for all tests of a process."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy.local.clickhouse import ClickHouse


@pytest.fixture(scope="session")
def clickhouse_url() -> Iterator[str]:
    """The address of a ClickHouse; use databases whose names start with `unique`."""
    with TemporaryDirectory(prefix="twinpath-clickhouse-") as folder:
        server = ClickHouse(Path(folder))
        server.start()
        yield server.url
        server.close()


@pytest.fixture
def private_clickhouse(tmp_path: Path) -> Iterator[ClickHouse]:
    """A ClickHouse that this test alone uses."""
    server = ClickHouse(tmp_path / "clickhouse")
    server.start()
    yield server
    server.close()
