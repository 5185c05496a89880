"""The OpenSearch of tests: the server that the environment names, on which each test has indexes of its own."""

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from twinpath.domain.views import View
from twinpath.searching.language import Language
from twinpath.searching.opensearch.index import OpenSearchIndex
from twinpath.searching.opensearch.server import Server

URL = os.environ.get("TWINPATH_TEST_OPENSEARCH_URL", "")
ENGINES = ["opensearch"] if URL else []
"""What tests of search are run on besides."""


class OpenSearch:
    """A server, on which names begin with `prefix`."""

    def __init__(self) -> None:
        self.url = URL
        self.prefix = f"test{uuid4().hex}"
        self.server = Server(URL, seconds=60)
        self._indexes: list[OpenSearchIndex] = []

    def index(self, views: Iterable[View], language: str = "english", **options: Any) -> OpenSearchIndex:
        """As one process has it."""
        made = OpenSearchIndex(views, Language(language), Server(self.url, seconds=60), self.prefix, **options)
        self._indexes.append(made)
        return made

    async def gone(self) -> None:
        """Remove what was made."""
        for index in self._indexes:
            await index.close()
        await self.server.drop([*await self.server.aliases(f"{self.prefix}*")])
        await self.server.close()


@asynccontextmanager
async def own_indexes() -> AsyncIterator[OpenSearch]:
    """A server with nothing of this test on it."""
    server = OpenSearch()
    yield server
    await server.gone()
