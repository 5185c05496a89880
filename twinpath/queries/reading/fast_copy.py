"""The cache as queries use it: whoever can't trust it, because it is away or trails its view, reads the view instead.

A circuit breaker (Nygard, Release It!, 2007): after a failure nobody asks for a second, then one query tries. A copy
that trails is tried again at once, then more and more seldom.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog

from twinpath.domain.views import Cached
from twinpath.errors import CopyTrails, TwinpathError, Unavailable
from twinpath.queries.reading.copy_bounds import CopyBounds
from twinpath.views.interface import ViewCache, ViewReader
from twinpath.views.naming import generation_name

_LEFT_ALONE_SECONDS = 1.0
_NOTEWORTHY_SECONDS = 2.0
_EVERY_VIEW = ""

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Bypass:
    """Since when a copy is not used, when it was tried last and is to be tried next, and whether that was logged."""

    since: float
    last: float
    following: float
    logged: bool = False


class FastCopy:
    """Reads by id that never fail: None means "ask the views".

    `wanted` and `had` count documents by view; what was wanted while the cache was bypassed is not had.
    """

    def __init__(self, cache: ViewCache, reader: ViewReader, bounds: CopyBounds) -> None:
        self._cache = cache
        self._reader = reader
        self._bounds = bounds
        self._bypasses: dict[str, _Bypass] = {}
        self.wanted: Counter[str] = Counter()
        self.had: Counter[str] = Counter()

    async def get(self, view: str, document_id: str) -> Cached | None:
        """One document, if the copy has it and may be used."""
        self.wanted[view] += 1
        cached = await self._ask(view, lambda copy, at_least: self._cache.get(copy, document_id, at_least))
        if cached is not None:
            self.had[view] += 1
        return cached

    async def get_many(self, view: str, ids: Sequence[str]) -> list[Cached | None]:
        """Several documents, None for each that the copy does not have; for all, when it may not be used."""
        self.wanted[view] += len(ids)
        cached = await self._ask(view, lambda copy, at_least: self._cache.get_many(copy, ids, at_least))
        if cached is None:
            return [None] * len(ids)
        self.had[view] += sum(document is not None for document in cached)
        return cached

    async def bypassed(self) -> dict[str, str]:
        """View -> why its copy is not used, of those that were asked for here; a moment's delay is no reason."""
        views = list(self.wanted)
        reasons = await asyncio.gather(*map(self._reason, views))
        return {view: reason for view, reason in zip(views, reasons, strict=True) if reason is not None}

    async def check(self) -> None:
        """For readiness. Raises Unavailable, with the reasons by view, when a copy is bypassed."""
        if views := await self.bypassed():
            raise Unavailable(f"not used, the views are read instead: {', '.join(views)}", views=views)

    async def _ask(self, view: str, read: Callable[[str, Mapping[str, int]], Awaitable[_T]]) -> _T | None:
        if self._bypasses and not self._tries(view):
            return None
        try:
            cached = await read(self._copy_of(view), self._bounds.needed(view))
        except CopyTrails as error:
            self._bypass(view, error)
            return None
        except Unavailable as error:
            self._bypass(_EVERY_VIEW, error)
            return None
        if self._bypasses:
            self._use_again(_EVERY_VIEW, view)
        return cached

    async def _reason(self, view: str) -> str | None:
        try:
            await self._cache.get_many(self._copy_of(view), [], self._bounds.settled(view))
        except (CopyTrails, Unavailable) as error:
            return error.detail
        return None

    def _copy_of(self, view: str) -> str:
        """Each generation has a copy of its own."""
        return generation_name(view, self._reader.generation(view).number)

    def _tries(self, view: str) -> bool:
        """Whether it is this query's turn to try."""
        now = self._bounds.clock()
        bypasses = [bypass for key in (_EVERY_VIEW, view) if (bypass := self._bypasses.get(key)) is not None]
        if any(now < bypass.following for bypass in bypasses):
            return False
        for bypass in bypasses:
            bypass.following = now + _LEFT_ALONE_SECONDS
        return True

    def _bypass(self, key: str, error: TwinpathError) -> None:
        now = self._bounds.clock()
        bypass = self._bypasses.get(key)
        if bypass is None or now > bypass.last + _NOTEWORTHY_SECONDS:  # nobody asked for long: it began anew
            bypass = self._bypasses[key] = _Bypass(now, now, now)
        away = key == _EVERY_VIEW
        bypass.last = now
        bypass.following = now + (_LEFT_ALONE_SECONDS if away else min(now - bypass.since, _LEFT_ALONE_SECONDS))
        if not bypass.logged and (away or now >= bypass.since + _NOTEWORTHY_SECONDS):
            bypass.logged = True
            _log.warning("cache_left_alone", view=key or "every view", error=error.detail)

    def _use_again(self, *keys: str) -> None:
        for key in keys:
            bypass = self._bypasses.pop(key, None)
            if bypass is not None and bypass.logged:
                _log.info("cache_is_back", view=key or "every view")
