"""The copy of views in this process's memory: for `make demo` and for tests."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from shared.view_store.interface import Cached


class InMemoryViewCache:
    """A ViewCache. `now` counts seconds, from anywhere."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._documents: defaultdict[str, dict[str, Cached]] = defaultdict(dict)
        self._positions: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._fill_states: dict[str, tuple[str, float | None]] = {}
        """View -> state, and when it is forgotten."""
        self._now = now

    async def write(
        self, view: str, log: str, expected: int, position: int, documents: Sequence[Cached], removed: Sequence[str]
    ) -> bool:
        """See ViewCache.write."""
        if self._positions[view].get(log, 0) != expected:
            return False
        self._positions[view][log] = position
        for document_id in removed:
            self._documents[view].pop(document_id, None)
        self._put(view, documents)
        return True

    def _put(self, view: str, documents: Sequence[Cached]) -> None:
        for document in documents:
            old = self._documents[view].get(document.id)
            if old is None or old.revision < document.revision:
                self._documents[view][document.id] = document

    async def positions(self, view: str) -> dict[str, int]:
        """See ViewCache.positions."""
        return dict(self._positions[view])

    async def adopt(self, view: str, log: str, position: int) -> None:
        """See ViewCache.adopt."""
        self._positions[view][log] = position

    async def fill_state(self, view: str) -> str | None:
        """See ViewCache.fill_state."""
        state, until = self._fill_states.get(view, (None, None))
        return None if until is not None and self._now() >= until else state

    async def set_fill_state(self, view: str, state: str, seconds: int | None = None) -> None:
        """See ViewCache.set_fill_state."""
        self._fill_states[view] = (state, None if seconds is None else self._now() + seconds)

    async def fill(self, view: str, token: str, documents: Sequence[Cached]) -> bool:
        """See ViewCache.fill."""
        if await self.fill_state(view) != token:
            return False
        self._put(view, documents)
        return True

    async def get(self, view: str, document_id: str) -> Cached | None:
        """See ViewCache.get."""
        return self._documents[view].get(document_id)

    async def get_many(self, view: str, ids: Sequence[str]) -> list[Cached | None]:
        """See ViewCache.get_many."""
        return [self._documents[view].get(document_id) for document_id in ids]

    async def forget(self, view: str) -> None:
        """See ViewCache.forget."""
        for kept in (self._documents, self._positions, self._fill_states):
            kept.pop(view, None)

    def flush(self) -> None:
        """Lose everything, as a Redis that was flushed does."""
        self._documents.clear()
        self._positions.clear()
        self._fill_states.clear()
