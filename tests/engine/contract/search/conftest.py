"""The search indexes that one contract suite runs on."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.engine.contract.search.feed import ARTICLES
from tests.engine.contract.search.indexes import ENGLISH, feed, filled
from twinpath.searching.interface import SearchIndex
from twinpath.searching.opensearch.index import OpenSearchIndex
from twinpath.searching.opensearch.server import Server
from twinpath.searching.tantivy.folder import FolderSearch
from twinpath.searching.tantivy.memory import InMemorySearch

OPENSEARCH = os.environ.get("TWINPATH_TEST_OPENSEARCH_URL")
ENGINES = ["in_memory", "folder", *(["opensearch"] if OPENSEARCH else [])]


@pytest.fixture(params=ENGINES)
async def index(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SearchIndex]:
    if request.param == "in_memory":
        yield InMemorySearch([ARTICLES], ENGLISH)
        return
    if request.param == "opensearch":
        found = OpenSearchIndex([ARTICLES], ENGLISH, Server(str(OPENSEARCH), seconds=60), f"test{uuid4().hex}")
        yield found
        for view in (ARTICLES.name, f"{ARTICLES.name}@2"):
            await found.forget(view)
        await found.close()
        return
    folder = FolderSearch([ARTICLES], ENGLISH, tmp_path)
    yield folder
    await folder.close()


@pytest.fixture
async def shelf(index: SearchIndex) -> SearchIndex:
    """An index that has the feed."""
    await filled(index, feed())
    return index
