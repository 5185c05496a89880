"""The copy of views in this process's memory: for `make demo` and for tests."""

from collections import defaultdict
from collections.abc import Sequence

from shared.view_store.interface import Cached


class InMemoryViewCache:
    """A ViewCache."""

    def __init__(self) -> None:
        self._documents: defaultdict[str, dict[str, Cached]] = defaultdict(dict)
        self._positions: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._fill_states: dict[str, str] = {}

    async def write(
        self, view: str, log: str, expected: int, position: int, documents: Sequence[Cached], removed: Sequence[str]
    ) -> bool:
        """See ViewCache.write."""
        if self._positions[view].get(log, 0) != expected:
            return False
        self._positions[view][log] = position
        for document in documents:
            old = self._documents[view].get(document.id)
            if old is None or old.revision < document.revision:
                self._documents[view][document.id] = document
        for document_id in removed:
            self._documents[view].pop(document_id, None)
        return True

    async def positions(self, view: str) -> dict[str, int]:
        """See ViewCache.positions."""
        return dict(self._positions[view])

    async def adopt(self, view: str, log: str, position: int) -> None:
        """See ViewCache.adopt."""
        self._positions[view][log] = position

    async def fill_state(self, view: str) -> str | None:
        """See ViewCache.fill_state."""
        return self._fill_states.get(view)

    async def set_fill_state(self, view: str, state: str, seconds: int | None = None) -> None:
        """See ViewCache.set_fill_state; here nothing is forgotten by itself, since who sets it lives no longer."""
        self._fill_states[view] = state

    async def fill(self, view: str, token: str, documents: Sequence[Cached]) -> bool:
        """See ViewCache.fill."""
        if self._fill_states.get(view) != token:
            return False
        for document in documents:
            self._documents[view].setdefault(document.id, document)
        return True

    async def get(self, view: str, document_id: str) -> Cached | None:
        """See ViewCache.get."""
        return self._documents[view].get(document_id)

    async def get_many(self, view: str, ids: Sequence[str]) -> list[Cached | None]:
        """See ViewCache.get_many."""
        return [self._documents[view].get(document_id) for document_id in ids]

    def flush(self) -> None:
        """Lose everything, as a Redis that was flushed does."""
        self._documents.clear()
        self._positions.clear()
        self._fill_states.clear()
