"""Search in a folder: one projector writes it, query services on the same machine read it.

Below the folder each generation of a view has a folder of its own, named by the fingerprint of what is declared too:
another declaration is another index, filled beside the one in service, which goes once the other has everything.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TypeVar

import orjson

from twinpath.domain.views import NOTHING, View
from twinpath.errors import Unavailable
from twinpath.searching.entries import Readings, WholeDocument
from twinpath.searching.interface import Hits, Search, SearchIndex, refuse_unknown
from twinpath.searching.language import Language
from twinpath.searching.tantivy.index import ViewIndex
from twinpath.searching.tantivy.kept import KeptIndex, begin_anew
from twinpath.searching.tantivy.schema import FORM
from twinpath.searching.unavailable import expect_filled
from twinpath.views.interface import FILL_SECONDS, Moves

EXPUNGE_SECONDS = 3600.0
"""The least time between two fills for the sake of erasures; the first one is at once."""
_MOST_FAILURES = 3

T = TypeVar("T")


class FolderSearch(SearchIndex):
    """A SearchIndex. A process that only searches never makes a folder; one that writes holds it until it ends."""

    def __init__(
        self,
        views: Iterable[View],
        language: Language,
        folder: Path,
        fill_seconds: float = FILL_SECONDS,
        expunge_seconds: float = EXPUNGE_SECONDS,
    ) -> None:
        self._readings = Readings(views, language)
        self._folder = folder
        self._fill_seconds = fill_seconds
        self._expunge_seconds = expunge_seconds
        self._opening = Lock()
        self._written: dict[str, KeptIndex] = {}
        self._failed: dict[str, int] = {}
        """View -> how often in a row it could not be written."""
        self._read: dict[str, ViewIndex] = {}

    async def write(self, view: str, moves: Moves, documents: Sequence[WholeDocument], removed: Sequence[str]) -> bool:
        return await self._changing(view, lambda kept: kept.write(moves, documents, removed))

    async def positions(self, view: str) -> dict[str, int]:
        return await self._changing(view, lambda kept: kept.positions)

    async def adopt(self, view: str, positions: Mapping[str, int]) -> None:
        await self._changing(view, lambda kept: kept.adopt(positions))

    async def fill_state(self, view: str) -> str | None:
        return await self._changing(view, lambda kept: kept.fill_state)

    async def begin_fill(self, view: str, token: str) -> None:
        await self._changing(view, lambda kept: kept.begin_fill(token))

    async def fill(self, view: str, token: str, documents: Sequence[WholeDocument], last: bool) -> bool:
        taken = await self._changing(view, lambda kept: kept.fill(token, documents, last))
        if taken and last:
            await asyncio.to_thread(self._drop_others, view)
        return taken

    async def expunge(self, view: str) -> None:
        await self._changing(view, lambda kept: kept.expunge())

    async def forget(self, view: str) -> None:
        def forgotten() -> None:
            if (kept := self._written.pop(view, None)) is not None:
                kept.close()
            try:
                for path in self._folder.glob(f"{view}.*"):
                    shutil.rmtree(path)
            except OSError as error:
                raise _unusable(error) from error

        await asyncio.to_thread(forgotten)

    async def close(self) -> None:
        """Let another process write."""
        for kept in self._written.values():
            await asyncio.to_thread(kept.close)
        self._written.clear()

    async def search(self, view: str, search: Search) -> Hits:
        reading = self._readings[view]
        refuse_unknown(reading.paths, search, reading.numbers, view)

        def searched(index: ViewIndex) -> Hits:
            expect_filled("done" if index.shown and orjson.loads(index.shown)["filled"] else None)
            return index.search(search)

        return await asyncio.to_thread(self._reading_it, view, searched)

    async def seen(self, view: str) -> Mapping[str, int]:
        if (index := self._read.get(view)) is not None and _is_current(index):
            state = index.shown
        else:
            state = await asyncio.to_thread(self._reading_it, view, lambda index: index.shown)
        seen: Mapping[str, int] = orjson.loads(state)["positions"] if state else {}
        return seen

    async def refresh(self, view: str, at_least: Mapping[str, int] = NOTHING) -> None:
        """See SearchIndex.refresh: a search here shows everything that was written."""

    async def _changing(self, view: str, change: Callable[[KeptIndex], T]) -> T:
        def changed() -> T:
            with self._opening:
                kept = self._opened(view)
            try:
                with kept.lock:
                    result = change(kept)
            except BaseException as error:
                self._give_up(view, error)  # what is in it now is read before anything else is written
                raise
            self._failed.pop(view, None)
            return result

        return await asyncio.to_thread(changed)

    def _opened(self, view: str) -> KeptIndex:
        kept = self._written.get(view)
        if kept is not None and not kept.is_there:
            kept.close()
            kept = None
        if kept is None:
            kept = KeptIndex(self._readings[view], self._path(view), self._fill_seconds, self._expunge_seconds)
            self._written[view] = kept
        return kept

    def _give_up(self, view: str, error: BaseException) -> None:
        """Close it; what can be opened and never written is begun anew."""
        with self._opening:
            if (kept := self._written.pop(view, None)) is not None:
                kept.close()
            if not isinstance(error, Unavailable):
                return
            self._failed[view] = self._failed.get(view, 0) + 1
            if self._failed[view] >= _MOST_FAILURES:
                with suppress(Unavailable):
                    begin_anew(self._path(view), error)

    def _reading_it(self, view: str, read: Callable[[ViewIndex], T]) -> T:
        if (index := self._read.get(view)) is not None:
            try:
                index.reload()
                return read(index)
            except Unavailable:
                self._read.pop(view, None)  # it may have been made anew
        index = ViewIndex(self._readings[view], self._path(view), opened=True)
        index.reload()
        result = read(index)
        self._read[view] = index
        return result

    def _drop_others(self, view: str) -> None:
        for path in self._folder.glob(f"{view}.*"):
            if path != self._path(view):
                shutil.rmtree(path, ignore_errors=True)

    def _path(self, view: str) -> Path:
        return self._folder / f"{view}.{self._readings[view].fingerprint}.{FORM}"


def _is_current(index: ViewIndex) -> bool:
    with suppress(Unavailable):
        return index.is_current
    return False


def _unusable(error: OSError) -> Unavailable:
    return Unavailable(f"the search index can't be used: {error}", code="search_unavailable")
