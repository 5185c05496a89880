"""The search indexes that one contract suite runs on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.contract.search.feed import ARTICLES
from tests.engine.contract.search.indexes import ENGLISH, feed, filled
from tests.support.opensearch import ENGINES, own_indexes
from twinpath.searching.interface import SearchIndex
from twinpath.searching.tantivy.folder import FolderSearch
from twinpath.searching.tantivy.memory import InMemorySearch

collect_ignore = [] if ENGINES else ["test_opensearch.py"]


@pytest.fixture(params=["in_memory", "folder", *ENGINES])
async def index(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SearchIndex]:
    if request.param == "in_memory":
        yield InMemorySearch([ARTICLES], ENGLISH)
        return
    if request.param == "opensearch":
        async with own_indexes() as opensearch:
            yield opensearch.index([ARTICLES])
        return
    folder = FolderSearch([ARTICLES], ENGLISH, tmp_path)
    yield folder
    await folder.close()


@pytest.fixture
async def shelf(index: SearchIndex) -> SearchIndex:
    """An index that has the feed."""
    await filled(index, feed())
    return index
