"""The OpenSearch of tests: the server that the environment names, on which each test has indexes of its own."""

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx

from twinpath.domain.views import View
from twinpath.searching.language import Language
from twinpath.searching.opensearch.index import OpenSearchIndex
from twinpath.searching.opensearch.server import Server

VARIABLE = "TWINPATH_TEST_OPENSEARCH_URL"
URL = os.environ.get(VARIABLE, "")
ENGINES = ["opensearch"] if URL else []
"""What tests of search are run on besides."""


class OpenSearch:
    """A server, on which names begin with `prefix`."""

    def __init__(self) -> None:
        self.url = URL
        self.prefix = f"test{uuid4().hex}"
        self.server = Server(URL, seconds=60)
        self._indexes: list[OpenSearchIndex] = []
        self._asking = httpx.AsyncClient(base_url=URL, timeout=60)

    def index(self, views: Iterable[View], language: str = "english", **options: Any) -> OpenSearchIndex:
        """As one process has it."""
        return self.at(Server(self.url, seconds=60), views, language, **options)

    def at(self, server: Server, views: Iterable[View], language: str = "english", **options: Any) -> OpenSearchIndex:
        """As a process has it that asks the server in its own way."""
        made = OpenSearchIndex(views, Language(language), server, self.prefix, **options)
        self._indexes.append(made)
        return made

    async def block(self, name: str, on: bool | None) -> None:
        """Have all indexes refuse something, as an operator or a full disk does."""
        body = {f"index.blocks.{name}": on}
        (await self._asking.put(f"/{self.prefix}*/_settings", json=body)).raise_for_status()

    async def has_flushed(self) -> bool:
        """Whether an index was put to disk as a whole since it was made."""
        answer = await self._asking.get(f"/{self.prefix}*/_stats/flush")
        return bool(answer.json()["_all"]["total"]["flush"]["total"])

    async def empty(self) -> None:
        """Remove every index, as who sets up a server anew does."""
        await self.server.drop([*await self.server.aliases(f"{self.prefix}*")])

    async def gone(self) -> None:
        """Remove what was made."""
        for index in self._indexes:
            await index.close()
        try:
            await self.empty()
        finally:
            await self.server.close()
            await self._asking.aclose()


@asynccontextmanager
async def own_indexes() -> AsyncIterator[OpenSearch]:
    """A server with nothing of this test on it."""
    server = OpenSearch()
    try:
        yield server
    finally:
        await server.gone()
