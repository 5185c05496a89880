"""The search indexes that one contract suite runs on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.contract.search.feed import ARTICLES
from tests.engine.contract.search.indexes import ENGLISH, feed, filled
from twinpath.searching.interface import SearchIndex
from twinpath.searching.tantivy.folder import FolderSearch
from twinpath.searching.tantivy.memory import InMemorySearch

ENGINES = ["in_memory", "folder"]


@pytest.fixture(params=ENGINES)
async def index(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SearchIndex]:
    if request.param == "in_memory":
        yield InMemorySearch([ARTICLES], ENGLISH)
        return
    folder = FolderSearch([ARTICLES], ENGLISH, tmp_path)
    yield folder
    await folder.close()


@pytest.fixture
async def shelf(index: SearchIndex) -> SearchIndex:
    """An index that has the feed."""
    await filled(index, feed())
    return index
