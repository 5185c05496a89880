"""Search in OpenSearch: an index a generation of a view and declaration.

A document's external version is its revision, so that whoever is late loses. A removal is a document that hides itself:
its version is beyond any revision, and a document of that id that comes back counts its revisions from there (`base`).
How far the index is stands in a document of it, moved as it was read, after the answer of the bulk was looked at item
by item. An index is written through an alias, which a server that lost it does not make by itself; another alias, by
the view's name alone, follows the generation in service, for people who look into the server.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from twinpath.domain.views import NOTHING, View
from twinpath.errors import Unavailable
from twinpath.searching.entries import Entry, Readings, WholeDocument
from twinpath.searching.interface import Hits, Search, SearchIndex, refuse_unknown
from twinpath.searching.language import Language
from twinpath.searching.opensearch.mapping import BASE, FILL, REMOVED, REVISION, STATE, index_of, source_of
from twinpath.searching.opensearch.names import Names
from twinpath.searching.opensearch.queries import hits_of, request_of, requests_of, suffices
from twinpath.searching.opensearch.server import Json, Server, Stored
from twinpath.searching.unavailable import expect_filled
from twinpath.views.interface import FILL_SECONDS, Moves

_THE_STATE = "the state"
_BEYOND = 2**40
"""More than any revision."""
_TRIES = 10
_EXPUNGE_SECONDS = 35.0
"""Until the server has seen that no replica needs what documents were before."""

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
        expunge_seconds: float = _EXPUNGE_SECONDS,
    ) -> None:
        self._readings = Readings(views, language)
        self._names = Names(prefix, self._readings)
        self._server = server
        self._fill_seconds = fill_seconds
        self._expunge_seconds = expunge_seconds
        self._made: set[str] = set()
        self._expunging: dict[str, asyncio.Task[None]] = {}
        """View -> what waits until the server may expunge."""
        self._merging: set[asyncio.Task[None]] = set()

    async def write(self, view: str, moves: Moves, documents: Sequence[WholeDocument], removed: Sequence[str]) -> bool:
        def is_there(state: State) -> bool:
            reached = state["positions"]
            return all(reached.get(log, 0) == expected for log, (expected, _) in moves.items())

        def moved(state: State) -> State | None:
            reached = {log: position for log, (_, position) in moves.items()}
            return {**state, "positions": {**state["positions"], **reached}} if is_there(state) else None

        state, before = await self._state(view)
        if not is_there(state):
            return False
        gone = [document_id for document_id in removed if document_id not in {d.id for d in documents}]
        if not await self._put(view, documents, gone, is_there, lambda _: True):
            return False
        return await self._change(view, moved, (state, before))

    async def positions(self, view: str) -> dict[str, int]:
        state, _ = await self._state(view)
        return dict(state["positions"])

    async def adopt(self, view: str, positions: Mapping[str, int]) -> None:
        await self._change(view, lambda state: {"positions": {**state["positions"], **positions}})

    async def fill_state(self, view: str) -> str | None:
        state, _ = await self._state(view)
        return _fill_state(state)

    async def begin_fill(self, view: str, token: str) -> None:
        until = time.time() + self._fill_seconds
        await self._change(view, lambda state: {"positions": state["positions"], "token": token, "until": until})

    async def fill(self, view: str, token: str, documents: Sequence[WholeDocument], last: bool) -> bool:
        def is_ours(state: State) -> bool:
            return _fill_state(state) == token

        def filled(state: State) -> State | None:
            if not is_ours(state):
                return None
            if last:
                return {"positions": state["positions"], "filled": True}
            return {**state, "until": time.time() + self._fill_seconds}

        state, _ = await self._state(view)
        if not is_ours(state):
            return False
        # what was removed since the fill began stays so
        if not await self._put(view, documents, [], is_ours, lambda hidden: hidden.source.get(FILL) != token):
            return False
        taken = await self._change(view, filled)
        if taken and last:
            await self._server.refresh(self._names.index(view))
            await self._show(view)
        return taken

    async def forget(self, view: str) -> None:
        self._made.discard(self._names.index(view))
        alias, indexes = self._names.alias(view), await self._indexes(view)
        mine = [name for name in indexes if self._names.belongs(name, view)]
        if any(alias in indexes[name] for name in mine):
            numbered = sorted((self._names.number(name, view), name) for name in indexes)
            for name in [name for number, name in numbered if number > self._names.number(mine[0], view)]:
                if (await self._state_in(name))[0].get("filled"):
                    await self._server.point(alias, name, [other for other in indexes if alias in indexes[other]])
                    break
        await self._server.drop(mine)

    async def expunge(self, view: str) -> None:
        if view not in self._expunging:
            self._expunging[view] = asyncio.create_task(self._expunge(view), name=f"expunge {view}")

    async def close(self) -> None:
        tasks = [*self._expunging.values(), *self._merging]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.close()

    async def search(self, view: str, search: Search) -> Hits:
        reading = self._readings[view]
        refuse_unknown(reading.paths, search, reading.numbers, view)
        if (typed := search.as_typed) is not None:
            page, *best = await self._search(view, *requests_of(replace(search, query=typed.query), reading))
            if suffices(typed, page, *best):
                return hits_of(page, reading)
        page, *_ = await self._search(view, request_of(search, reading))
        return hits_of(page, reading)

    async def _search(self, view: str, *requests: Json) -> list[Json]:
        answers = await self._server.search(self._names.index(view), _ITS_STATE, *requests)
        expect_filled(None if answers is None else _fill_state(_shown(answers[0])))
        return (answers or [])[1:]

    async def seen(self, view: str) -> Mapping[str, int]:
        answers = await self._server.search(self._names.index(view), _ITS_STATE)
        return dict(_shown(answers[0])["positions"]) if answers else {}

    async def refresh(self, view: str, at_least: Mapping[str, int] = NOTHING) -> None:
        written = await self.positions(view) if at_least else {}
        if all(written.get(log, 0) >= at for log, at in at_least.items()):
            await self._server.refresh(self._names.index(view))

    async def _put(
        self,
        view: str,
        documents: Sequence[WholeDocument],
        removed: Sequence[str],
        holds: Callable[[State], bool],
        revives: Callable[[Stored], bool],
    ) -> bool:
        """Write documents over lower revisions and over what is hidden and `revives`; hide what was removed.

        False where the state no longer `holds`. What is there is read before the state is looked at, so that somebody
        who goes on from there later has higher versions. Raises Unavailable.
        """
        entries = {document.id: self._readings[view].entry(document) for document in documents}
        late = await self._writing(
            view, self._server.bulk, [(id_, e.revision, source_of(e, 0)) for id_, e in entries.items()]
        )
        entries, gone = {id_: entries[id_] for id_ in late}, list(removed)
        for _ in range(_TRIES):
            if not entries and not gone:
                return True
            stored = await self._server.get(self._names.index(view), [*entries, *gone])
            state, _ = await self._state(view)
            if not holds(state):
                return False
            sources = [source for id_, e in entries.items() if (source := _over(stored.get(id_), e, revives))]
            sources += [_hidden(id_, stored.get(id_), state.get("token")) for id_ in gone]
            late = await self._writing(view, self._server.bulk, sources)
            entries, gone = {i: e for i, e in entries.items() if i in late}, [id_ for id_ in gone if id_ in late]
        raise _contended(view)

    async def _state(self, view: str) -> tuple[State, Stored | None]:
        return await self._state_in(self._names.index(view))

    async def _state_in(self, index: str) -> tuple[State, Stored | None]:
        stored = (await self._server.get(index, [_THE_STATE])).get(_THE_STATE)
        return _NOTHING_YET if stored is None else orjson.loads(stored.source[STATE]), stored

    async def _change(
        self,
        view: str,
        change: Callable[[State], State | None],
        at_hand: tuple[State, Stored | None] | None = None,
    ) -> bool:
        """Write a state made of the one that is there; False when `change` gives none. Raises Unavailable."""
        for _ in range(_TRIES):
            state, before = at_hand or await self._state(view)
            at_hand = None
            changed = change(state)
            if changed is None:
                return False
            source = {STATE: orjson.dumps(changed).decode(), REMOVED: True}
            if await self._writing(view, self._server.put, _THE_STATE, source, before):
                return True
        raise _contended(view)

    async def _writing(self, view: str, write: Callable[..., Awaitable[Any]], *given: Any) -> Any:
        """What a write through the alias gives, once the index is there. Raises Unavailable; then it is made anew."""
        index, alias = self._names.index(view), self._names.writing(view)
        if index not in self._made:
            await self._server.make(index, alias, index_of(self._readings[view]))
            self._made.add(index)
            await self.expunge(view)  # a process that ended may have written an erasure
        try:
            return await write(alias, *given)
        except Unavailable:
            self._made.discard(index)
            raise

    async def _show(self, view: str) -> None:
        """Have the view's alias name this index, unless it names another generation; drop those of other forms."""
        index, alias, indexes = self._names.index(view), self._names.alias(view), await self._indexes(view)
        before = [name for name in indexes if alias in indexes[name]]
        if all(self._names.belongs(name, view) for name in before) and before != [index]:
            await self._server.point(alias, index, [name for name in before if name != index])
        await self._server.drop([name for name in indexes if self._names.belongs(name, view) and name != index])

    async def _indexes(self, view: str) -> Mapping[str, Collection[str]]:
        alike = (await self._server.aliases(self._names.all_of(view))).items()
        return {name: aliases for name, aliases in alike if self._names.number(name, view)}

    async def _expunge(self, view: str) -> None:
        """Once no replica needs what was there before; tried until it goes well."""
        await asyncio.sleep(self._expunge_seconds)
        merging = self._expunging.pop(view)  # what is erased from now on is another one's
        self._merging.add(merging)
        try:
            await self._server.expunge(self._names.index(view))
        except Unavailable:
            await self.expunge(view)
        finally:
            self._merging.discard(merging)


_NOTHING_YET: State = {"positions": {}}
_ITS_STATE: State = {"query": {"ids": {"values": [_THE_STATE]}}, "_source": [STATE]}


def _shown(answer: Mapping[str, Any]) -> State:
    """The state as a search sees it."""
    for hit in answer["hits"]["hits"]:
        state: State = orjson.loads(hit["_source"][STATE])
        return state
    return _NOTHING_YET


def _over(before: Stored | None, entry: Entry, revives: Callable[[Stored], bool]) -> tuple[str, int, State] | None:
    """An entry with its version, to be written over what is there; None where that stays."""
    if before is None:
        base = 0
    elif before.source[REMOVED]:
        if not revives(before):
            return None
        base = before.version
    elif before.source[REVISION] >= entry.revision:
        return None
    else:
        base = before.source[BASE]
    return entry.id, base + entry.revision, source_of(entry, base)


def _hidden(document_id: str, before: Stored | None, token: str | None) -> tuple[str, int, State]:
    """What stands in the place of a document that was removed, during the fill of this token if any."""
    version = max(_BEYOND, before.version if before else 0) + 1
    source = {REMOVED: True, BASE: version, REVISION: 0}
    return document_id, version, source if token is None else {**source, FILL: token}


def _fill_state(state: State) -> str | None:
    if state.get("filled"):
        return "done"
    token: str | None = state.get("token")
    return token if time.time() < state.get("until", 0) else None


def _contended(view: str) -> Unavailable:
    return Unavailable(f"others write {view} too", code="search_unavailable")
