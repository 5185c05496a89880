"""Copies of views in this process's memory: for `make demo` and for tests."""

import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from twinpath.domain.views import NOTHING, Cached
from twinpath.views.interface import FILL_SECONDS, Copied, Moves, ViewCache, ViewCopy, expect_reached

Kept = TypeVar("Kept", bound=Copied)


class InMemoryCopy(ViewCopy[Kept], Generic[Kept]):
    """A ViewCopy."""

    def __init__(self, fill_seconds: float = FILL_SECONDS) -> None:
        self._fill_seconds = fill_seconds
        self._documents: defaultdict[str, dict[str, Kept]] = defaultdict(dict)
        self._positions: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._fill_states: dict[str, tuple[str, float]] = {}
        """View -> state, and when it is forgotten."""
        self._removed: defaultdict[str, set[str]] = defaultdict(set)
        """View -> ids of what was removed since its last fill began, unless that is done."""

    async def write(self, view: str, moves: Moves, documents: Sequence[Kept], removed: Sequence[str]) -> bool:
        reached = self._positions[view]
        if any(reached.get(log, 0) != expected for log, (expected, _) in moves.items()):
            return False
        reached.update({log: position for log, (_, position) in moves.items()})
        for document_id in removed:
            self._documents[view].pop(document_id, None)
        if await self.fill_state(view) not in (None, "done"):
            self._removed[view].update(removed)
        self._put(view, documents)
        return True

    def _put(self, view: str, documents: Sequence[Kept]) -> None:
        for document in documents:
            old = self._documents[view].get(document.id)
            if old is None or old.revision < document.revision:
                self._documents[view][document.id] = document

    async def positions(self, view: str) -> dict[str, int]:
        return dict(self._positions[view])

    async def adopt(self, view: str, positions: Mapping[str, int]) -> None:
        self._positions[view].update(positions)
        self._fill_states.pop(view, None)

    async def fill_state(self, view: str) -> str | None:
        state, until = self._fill_states.get(view, (None, math.inf))
        return state if time.monotonic() < until else None

    async def begin_fill(self, view: str, token: str) -> None:
        self._fill_states[view] = (token, time.monotonic() + self._fill_seconds)
        self._removed[view].clear()

    async def fill(self, view: str, token: str, documents: Sequence[Kept], last: bool) -> bool:
        if await self.fill_state(view) != token:
            return False
        self._put(view, [document for document in documents if document.id not in self._removed[view]])
        self._fill_states[view] = ("done", math.inf) if last else (token, time.monotonic() + self._fill_seconds)
        if last:
            self._removed[view].clear()
        return True

    async def forget(self, view: str) -> None:
        for kept in (self._documents, self._positions, self._fill_states, self._removed):
            kept.pop(view, None)

    def flush(self) -> None:
        """Lose everything, as a Redis that was flushed does."""
        self._documents.clear()
        self._positions.clear()
        self._fill_states.clear()
        self._removed.clear()


class InMemoryViewCache(InMemoryCopy[Cached], ViewCache):
    """A ViewCache."""

    async def get(self, view: str, document_id: str, at_least: Mapping[str, int] = NOTHING) -> Cached | None:
        [document] = await self.get_many(view, [document_id], at_least)
        return document

    async def get_many(
        self, view: str, ids: Sequence[str], at_least: Mapping[str, int] = NOTHING
    ) -> list[Cached | None]:
        reached = dict(self._positions[view])
        expect_reached(view, reached, at_least)
        documents = [self._documents[view].get(document_id) for document_id in ids]
        return [document and replace(document, reached=reached) for document in documents]
