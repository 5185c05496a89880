"""Search in this process's memory: for `make demo` and for tests."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from twinpath.domain.views import NOTHING, View
from twinpath.searching.entries import Readings, WholeDocument
from twinpath.searching.interface import Hits, Search, SearchIndex, refuse_unknown
from twinpath.searching.language import Language
from twinpath.searching.tantivy.index import ViewIndex
from twinpath.searching.unavailable import expect_filled
from twinpath.views.in_memory.cache import InMemoryCopy
from twinpath.views.interface import Moves


class InMemorySearch(InMemoryCopy[WholeDocument], SearchIndex):
    """A SearchIndex. What is written is indexed by the next search, so that who never searches pays nothing."""

    def __init__(self, views: Iterable[View], language: Language) -> None:
        super().__init__()
        self._readings = Readings(views, language)
        self._indexes: dict[str, ViewIndex] = {}
        self._changed: defaultdict[str, set[str]] = defaultdict(set)
        """View -> ids of what the index does not show yet."""
        self._searching = asyncio.Lock()

    async def write(self, view: str, moves: Moves, documents: Sequence[WholeDocument], removed: Sequence[str]) -> bool:
        taken = await super().write(view, moves, documents, removed)
        if taken:
            self._changed[view].update((*removed, *(document.id for document in documents)))
        return taken

    async def fill(self, view: str, token: str, documents: Sequence[WholeDocument], last: bool) -> bool:
        taken = await super().fill(view, token, documents, last)
        if taken:
            self._changed[view].update(document.id for document in documents)
        return taken

    async def forget(self, view: str) -> None:
        await super().forget(view)
        self._indexes.pop(view, None)
        self._changed.pop(view, None)

    async def seen(self, view: str) -> Mapping[str, int]:
        return await self.positions(view)

    async def refresh(self, view: str, at_least: Mapping[str, int] = NOTHING) -> None:
        """See SearchIndex.refresh: a search here shows everything."""

    async def close(self) -> None:
        """See SearchIndex.close."""

    async def search(self, view: str, search: Search) -> Hits:
        reading = self._readings[view]
        refuse_unknown(reading.paths, search, reading.numbers, view)
        expect_filled(await self.fill_state(view))
        async with self._searching:
            index = self._indexes.get(view) or self._indexes.setdefault(view, ViewIndex(reading))
            if changed := self._changed.pop(view, None):
                there = [self._documents[view][id_] for id_ in changed if id_ in self._documents[view]]
                gone = changed - {document.id for document in there}
                await asyncio.to_thread(lambda: index.take([reading.entry(d) for d in there], gone, ""))
            return await asyncio.to_thread(index.search, search)
