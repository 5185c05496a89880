"""Search in a folder: one projector writes it, query services on the same machine read it.

Below the folder each generation of a view has a folder of its own, named by the fingerprint of what is declared too:
another declaration is another index, filled beside the one in service, which goes once the other has everything.
"""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import orjson

from twinpath.domain.views import NOTHING, View
from twinpath.errors import Unavailable
from twinpath.searching.entries import Readings, WholeDocument
from twinpath.searching.interface import Hits, Search, SearchIndex, refuse_unknown
from twinpath.searching.language import Language
from twinpath.searching.tantivy.index import ViewIndex
from twinpath.searching.unavailable import expect_filled
from twinpath.views.interface import FILL_SECONDS

T = TypeVar("T")


class _Kept:
    """An index, as this process knows it: what its state says, and the fill that is under way here."""

    def __init__(self, index: ViewIndex, state: str | None) -> None:
        before = orjson.loads(state) if state else {}
        self.index = index
        self.positions: dict[str, int] = before.get("positions", {})
        self.filled: bool = before.get("filled", False)
        self.token: str | None = None
        self.until = 0.0
        self.removed: set[str] = set()
        """Ids of what was removed since the fill began."""

    @property
    def fill_state(self) -> str | None:
        """See ViewCopy.fill_state."""
        if self.filled:
            return "done"
        return self.token if time.monotonic() < self.until else None


class FolderSearch(SearchIndex):
    """A SearchIndex. A process that only searches never makes a folder; one that writes holds it until it ends."""

    def __init__(self, views: Iterable[View], language: Language, folder: Path, fill_seconds: float = FILL_SECONDS):
        self._readings = Readings(views, language)
        self._folder = folder
        self._fill_seconds = fill_seconds
        self._written: dict[str, _Kept] = {}
        self._read: dict[str, ViewIndex] = {}

    async def write(
        self,
        view: str,
        log: str,
        expected: int,
        position: int,
        documents: Sequence[WholeDocument],
        removed: Sequence[str],
    ) -> bool:
        def written(kept: _Kept) -> bool:
            if kept.positions.get(log, 0) != expected:
                return False
            positions = {**kept.positions, log: position}
            self._take(view, kept, documents, removed, positions, kept.filled)
            kept.removed.update(removed)
            return True

        return await self._changing(view, written)

    async def positions(self, view: str) -> dict[str, int]:
        return await self._changing(view, lambda kept: dict(kept.positions))

    async def adopt(self, view: str, log: str, position: int) -> None:
        def adopted(kept: _Kept) -> None:
            self._take(view, kept, [], [], {**kept.positions, log: position}, False)
            kept.token = None

        await self._changing(view, adopted)

    async def fill_state(self, view: str) -> str | None:
        return await self._changing(view, lambda kept: kept.fill_state)

    async def begin_fill(self, view: str, token: str) -> None:
        def begun(kept: _Kept) -> None:
            self._take(view, kept, [], [], kept.positions, False)
            kept.token, kept.until, kept.removed = token, time.monotonic() + self._fill_seconds, set()

        await self._changing(view, begun)

    async def fill(self, view: str, token: str, documents: Sequence[WholeDocument], last: bool) -> bool:
        def filled(kept: _Kept) -> bool:
            if kept.fill_state != token:
                return False
            still = [document for document in documents if document.id not in kept.removed]
            self._take(view, kept, still, [], kept.positions, last)
            kept.until = time.monotonic() + self._fill_seconds
            if last:
                kept.removed = set()
                self._drop_others(view)
            return True

        return await self._changing(view, filled)

    async def forget(self, view: str) -> None:
        def forgotten() -> None:
            if (kept := self._written.pop(view, None)) is not None:
                kept.index.close()
            try:
                for path in self._folder.glob(f"{view}.*"):
                    shutil.rmtree(path)
            except OSError as error:
                raise _unusable(error) from error

        await asyncio.to_thread(forgotten)

    async def close(self) -> None:
        """Let another process write."""
        for kept in self._written.values():
            await asyncio.to_thread(kept.index.close)
        self._written.clear()

    async def search(self, view: str, search: Search) -> Hits:
        reading = self._readings[view]
        refuse_unknown(reading.paths, search, reading.numbers, view)

        def searched(index: ViewIndex) -> Hits:
            state = index.state()
            expect_filled("done" if state and orjson.loads(state)["filled"] else None)
            return index.search(search)

        return await asyncio.to_thread(self._reading_it, view, searched)

    async def seen(self, view: str) -> Mapping[str, int]:
        def positions(index: ViewIndex) -> Mapping[str, int]:
            state = index.state()
            seen: Mapping[str, int] = orjson.loads(state)["positions"] if state else {}
            return seen

        return await asyncio.to_thread(self._reading_it, view, positions)

    async def refresh(self, view: str, at_least: Mapping[str, int] = NOTHING) -> None:
        """See SearchIndex.refresh: a search here shows everything that was written."""

    def _take(
        self,
        view: str,
        kept: _Kept,
        documents: Sequence[WholeDocument],
        removed: Sequence[str],
        positions: dict[str, int],
        filled: bool,
    ) -> None:
        before = kept.index.revisions([document.id for document in documents])
        newer = {d.id: d for d in documents if before.get(d.id, 0) < d.revision}
        reading = self._readings[view]
        state = orjson.dumps({"positions": positions, "filled": filled}).decode()
        entries = [reading.entry(document) for document in newer.values()]
        try:
            kept.index.take(entries, [id_ for id_ in removed if id_ not in newer], state)
        except BaseException:
            self._written.pop(view, None)  # what is in it now is read before anything else is written
            raise
        kept.positions, kept.filled = positions, filled

    async def _changing(self, view: str, change: Callable[[_Kept], T]) -> T:
        def changed() -> T:
            kept = self._written.get(view)
            if kept is None:
                index = ViewIndex(self._readings[view], self._path(view))
                kept = self._written.setdefault(view, _Kept(index, index.state()))
            with kept.index.lock:
                return change(kept)

        return await asyncio.to_thread(changed)

    def _reading_it(self, view: str, read: Callable[[ViewIndex], T]) -> T:
        index = self._read.get(view)
        try:
            if index is None:
                index = self._read[view] = ViewIndex(self._readings[view], self._path(view), opened=True)
            else:
                index.reload()
            return read(index)
        except Unavailable:
            self._read.pop(view, None)  # it may have been made anew: the next search opens it again
            raise

    def _drop_others(self, view: str) -> None:
        for path in self._folder.glob(f"{view}.*"):
            if path != self._path(view):
                shutil.rmtree(path, ignore_errors=True)

    def _path(self, view: str) -> Path:
        return self._folder / f"{view}.{self._readings[view].fingerprint}"


def _unusable(error: OSError) -> Unavailable:
    return Unavailable(f"the search index can't be used: {error}", code="search_unavailable")
