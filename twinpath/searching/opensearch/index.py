"""Search in OpenSearch: an index a generation of a view and declaration.

A document's external version is its revision, so that whoever is late loses. A removal is a document that hides itself:
its version is beyond any revision, and a document of that id that comes back counts its revisions from there (`base`).
How far the index is stands in a document of it, moved as it was read, after the answer of the bulk was looked at item
by item. An index is written through an alias, which a server that lost it does not make by itself.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson

from twinpath.domain.views import View
from twinpath.errors import Unavailable
from twinpath.searching.entries import Reading, WholeDocument
from twinpath.searching.interface import Hits, Search, SearchIndex, refuse_unknown
from twinpath.searching.language import Language
from twinpath.searching.opensearch.mapping import BASE, REMOVED, REVISION, STATE, index_of, source_of
from twinpath.searching.opensearch.queries import request_of
from twinpath.searching.opensearch.server import Server, Stored
from twinpath.searching.unavailable import expect_filled
from twinpath.views.interface import FILL_SECONDS

_THE_STATE = "the state"
_BEYOND = 2**40
"""More than any revision."""
_TRIES = 10

State = dict[str, Any]


class OpenSearchIndex(SearchIndex):
    """A SearchIndex; the names of its indexes begin with `prefix`."""

    def __init__(
        self,
        views: Iterable[View],
        language: Language,
        server: Server,
        prefix: str,
        fill_seconds: float = FILL_SECONDS,
    ) -> None:
        self._readings = {view.name: Reading(view, language) for view in views if view.search is not None}
        self._server = server
        self._prefix = prefix
        self._fill_seconds = fill_seconds
        self._made: set[str] = set()

    async def write(
        self,
        view: str,
        log: str,
        expected: int,
        position: int,
        documents: Sequence[WholeDocument],
        removed: Sequence[str],
    ) -> bool:
        state, _ = await self._state(view)
        if state["positions"].get(log, 0) != expected:
            return False
        await self._put(view, documents, revive=True)
        await self._hide(view, [document_id for document_id in removed if document_id not in {d.id for d in documents}])

        def moved(state: State) -> State | None:
            if state["positions"].get(log, 0) != expected:
                return None
            return {**state, "positions": {**state["positions"], log: position}}

        return await self._change(view, moved)

    async def positions(self, view: str) -> dict[str, int]:
        state, _ = await self._state(view)
        return dict(state["positions"])

    async def adopt(self, view: str, log: str, position: int) -> None:
        await self._change(view, lambda state: {"positions": {**state["positions"], log: position}})

    async def fill_state(self, view: str) -> str | None:
        state, _ = await self._state(view)
        return _fill_state(state)

    async def begin_fill(self, view: str, token: str) -> None:
        until = time.time() + self._fill_seconds
        await self._change(view, lambda state: {"positions": state["positions"], "token": token, "until": until})

    async def fill(self, view: str, token: str, documents: Sequence[WholeDocument], last: bool) -> bool:
        state, _ = await self._state(view)
        if _fill_state(state) != token:
            return False
        await self._put(view, documents, revive=False)

        def filled(state: State) -> State | None:
            if _fill_state(state) != token:
                return None
            if last:
                return {"positions": state["positions"], "filled": True}
            return {**state, "until": time.time() + self._fill_seconds}

        taken = await self._change(view, filled)
        if taken and last:
            await self._server.drop([name for name in await self._all(view) if name != self._index(view)])
        return taken

    async def forget(self, view: str) -> None:
        self._made.discard(self._index(view))
        await self._server.drop(await self._all(view))

    async def close(self) -> None:
        await self._server.close()

    async def search(self, view: str, search: Search) -> Hits:
        reading = self._reading(view)
        refuse_unknown(reading.paths, search, reading.numbers, view)
        expect_filled(await self.fill_state(view))
        answer = await self._server.search(self._index(view), request_of(search, reading))
        places = [(hit["sort"][0], hit["_id"]) for hit in answer["hits"]["hits"]]
        buckets = {name: facet["buckets"] for name, facet in answer.get("aggregations", {}).items()}
        counted = [path for path in reading.search.counted if path in buckets]
        counts = {path: [(bucket["key"], bucket["doc_count"]) for bucket in buckets[path]] for path in counted}
        ranges = [facet.name for facet in reading.search.ranges if facet.name in buckets]
        spans = {name: [bucket["doc_count"] for bucket in buckets[name]] for name in ranges}
        return Hits(places, answer["hits"]["total"]["value"], counts, spans)

    async def seen(self, view: str) -> Mapping[str, int]:
        return await self.positions(view)

    async def refresh(self, view: str) -> None:
        await self._server.refresh(self._index(view))

    async def _put(self, view: str, documents: Sequence[WholeDocument], revive: bool) -> None:
        """Write documents over lower revisions, over what was removed with `revive` alone. Raises Unavailable."""
        entries = {document.id: self._reading(view).entry(document) for document in documents}
        bases = dict.fromkeys(entries, 0)
        for _ in range(_TRIES):
            sources = [
                (id_, base + entries[id_].revision, source_of(entries[id_], base)) for id_, base in bases.items()
            ]
            conflicts = await self._writing(view, self._server.bulk, sources)
            stored = await self._server.get(self._index(view), conflicts)
            bases = {
                id_: _base(before)
                for id_, before in stored.items()
                if (revive and before.source[REMOVED])
                or (not before.source[REMOVED] and before.source[REVISION] < entries[id_].revision)
            }
            if not bases:
                return
        raise Unavailable(f"others write {view} too", code="search_unavailable")

    async def _hide(self, view: str, ids: Sequence[str]) -> None:
        """Write in the place of documents that they were removed. Raises Unavailable."""
        for _ in range(_TRIES):
            stored = await self._server.get(self._index(view), ids) if ids else {}
            versions = {id_: max(_BEYOND, stored[id_].version if id_ in stored else 0) + 1 for id_ in ids}
            hidden = [(id_, version, {REMOVED: True, BASE: version, REVISION: 0}) for id_, version in versions.items()]
            ids = await self._writing(view, self._server.bulk, hidden)
            if not ids:
                return
        raise Unavailable(f"others write {view} too", code="search_unavailable")

    async def _state(self, view: str) -> tuple[State, Stored | None]:
        stored = (await self._server.get(self._index(view), [_THE_STATE])).get(_THE_STATE)
        state: State = {"positions": {}} if stored is None else orjson.loads(stored.source[STATE])
        return state, stored

    async def _change(self, view: str, change: Callable[[State], State | None]) -> bool:
        """Write a state made of the one that is there; False when `change` gives none. Raises Unavailable."""
        for _ in range(_TRIES):
            state, before = await self._state(view)
            changed = change(state)
            if changed is None:
                return False
            source = {STATE: orjson.dumps(changed).decode(), REMOVED: True}
            if await self._writing(view, self._server.put, _THE_STATE, source, before):
                return True
        raise Unavailable(f"others write {view} too", code="search_unavailable")

    async def _writing(self, view: str, write: Callable[..., Awaitable[Any]], *given: Any) -> Any:
        """What a write through the alias gives, once the index is there. Raises Unavailable; then it is made anew."""
        index = self._index(view)
        if index not in self._made:
            await self._server.make(index, self._alias(view), index_of(self._reading(view)))
            self._made.add(index)
        try:
            return await write(self._alias(view), *given)
        except Unavailable:
            self._made.discard(index)
            raise

    async def _all(self, view: str) -> list[str]:
        """The indexes of a generation, whatever is declared."""
        return await self._server.names(f"{self._name(view)}-*")

    def _name(self, view: str) -> str:
        return f"{self._prefix}-{view.replace('@', '.')}".lower()

    def _index(self, view: str) -> str:
        return f"{self._name(view)}-{self._reading(view).fingerprint}"

    def _alias(self, view: str) -> str:
        return f"{self._index(view)}-kept"

    def _reading(self, view: str) -> Reading:
        return self._readings[view.partition("@")[0]]


def _base(stored: Stored) -> int:
    """From where the revisions of a document count that takes this one's place."""
    return stored.version if stored.source[REMOVED] else int(stored.source[BASE])


def _fill_state(state: State) -> str | None:
    if state.get("filled"):
        return "done"
    token: str | None = state.get("token")
    return token if time.time() < state.get("until", 0) else None
