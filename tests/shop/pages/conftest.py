"""What the tests of the documents share: the shop at an address, its documents as files, and where the tools are."""

import os
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from deploy.shop import SHOP
from tests.shop.support.served import served_shop
from twinpath.testing.documents import documents_of

TOOLS = Path(os.environ.get("TWINPATH_API_TOOLS", ".venv-api")).absolute()
"""What `make api-docs` installs: openapi-python-client in `bin`, Node's packages in `node`."""


@pytest.fixture(scope="session")
def shop() -> Iterator[str]:
    """The address of the whole shop, with the sample."""
    with served_shop() as address:
        yield address


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Name -> file."""
    folder = tmp_path_factory.mktemp("documents")
    files = {}
    for name, document in documents_of(SHOP).items():
        files[name] = folder / f"{name}.json"
        files[name].write_bytes(orjson.dumps(document))
    return files
