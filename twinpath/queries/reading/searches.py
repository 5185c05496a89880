"""Searches of a view's index that never show what was erased, and say whether they show the view as it is."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from twinpath.domain.views import View
from twinpath.errors import CopyTrails, NotYetVisible, Unavailable
from twinpath.queries.reading.causal_waits import CausalWaits
from twinpath.queries.reading.copy_bounds import CopyBounds
from twinpath.searching.interface import Hits, Search, SearchIndex
from twinpath.searching.unavailable import BeingFilled
from twinpath.views.interface import ViewReader
from twinpath.views.naming import generation_name

_PAUSE, _FILL_PAUSE = 0.02, 0.1


@dataclass(frozen=True, slots=True)
class Found:
    """The hits, and whether the index had all that its view had a second before."""

    hits: Hits
    current: bool
    seen: Mapping[str, int]
    """Log -> position that the index surely shows."""


class Searches:
    """Searches through an index; without one search is off. Waits as long as causal waits do."""

    def __init__(self, index: SearchIndex | None, reader: ViewReader, bounds: CopyBounds, waits: CausalWaits) -> None:
        self._index = index
        self._reader = reader
        self._bounds = bounds
        self._waits = waits

    async def search(self, view: View, search: Search, token: Mapping[str, int]) -> Found:
        """Search once the index shows every erasure that the view is known to have, and the positions of a token; who
        has one waits for an index that is being filled, too.

        Raises:
            NotYetVisible: the index has not reached the token.
            Unavailable: `search_unavailable`: it has not reached an erasure, is being filled, away, or off.
        """
        if self._index is None:
            raise Unavailable("Search is off here; TWINPATH_SEARCH_URL switches it on.", code="search_unavailable")
        copy = generation_name(view.name, self._reader.generation(view.name).number)
        erased = dict(self._reader.erasures(view.name))
        logs = await self._waits.logs(view.name)
        awaited = {log: at for log, at in token.items() if log in logs}
        deadline = asyncio.get_running_loop().time() + self._waits.seconds
        seen = await self._reached(
            copy, {**erased, **{log: max(at, erased.get(log, 0)) for log, at in awaited.items()}}, deadline
        )
        if behind(seen, awaited):
            raise NotYetVisible("The search index has not reached what the causal token names. Ask again.")
        if behind(seen, erased):
            raise Unavailable("The search index still lacks an erasure.", code="search_unavailable")
        hits = await self._hits(copy, search, deadline if awaited else 0.0)
        return Found(hits, self._is_current(view, seen), seen)

    async def check(self, views: list[View]) -> None:
        """For readiness. Raises Unavailable with the reasons by view: an index is away or trails."""
        reasons = {}
        for view in views:
            try:
                if self._index is not None:
                    copy = generation_name(view.name, self._reader.generation(view.name).number)
                    if behind(await self._index.seen(copy), self._bounds.settled(view.name)):
                        reasons[view.name] = "the index trails its view"
            except (Unavailable, CopyTrails) as error:
                reasons[view.name] = error.detail
        if reasons:
            raise Unavailable(f"searches are not current: {', '.join(reasons)}", views=reasons)

    async def _hits(self, copy: str, search: Search, deadline: float) -> Hits:
        """What is found, once the index is filled. Raises Unavailable, also when it is not until then."""
        assert self._index is not None
        while True:
            try:
                return await self._index.search(copy, search)
            except BeingFilled:
                if asyncio.get_running_loop().time() >= deadline:
                    raise
            await asyncio.sleep(_FILL_PAUSE)
            await self._index.refresh(copy)

    async def _reached(self, copy: str, wanted: Mapping[str, int], deadline: float) -> Mapping[str, int]:
        """The positions that searches show, once they are those wanted or time has run out. Raises Unavailable."""
        assert self._index is not None
        now = asyncio.get_running_loop().time
        while behind(seen := await self._index.seen(copy), wanted) and now() < deadline:
            await asyncio.sleep(_PAUSE)
            await self._index.refresh(copy, wanted)
        return seen

    def _is_current(self, view: View, seen: Mapping[str, int]) -> bool:
        try:
            return not behind(seen, self._bounds.settled(view.name))
        except CopyTrails:
            return False


def behind(seen: Mapping[str, int], wanted: Mapping[str, int]) -> bool:
    """Whether an index lacks something of what is wanted."""
    return any(seen.get(log, 0) < at for log, at in wanted.items())
