"""A MongoDB that asks for authentication, shared by the tests of accounts and of `--check`."""

from collections.abc import Iterator

import pytest

from tests.shop.support.guarded import GuardedMongoDB


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedMongoDB]:
    """It is set up by `twinpath init` with the databases twinpath_log, twinpath_keys and twinpath_views."""
    mongodb = GuardedMongoDB(tmp_path_factory.mktemp("guarded"))
    try:
        mongodb.start()
        yield mongodb
    finally:
        mongodb.mongod.close()
