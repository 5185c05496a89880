"""The cache as queries use it: while it is away it is left alone, and everything is read from the views.

A circuit breaker (Nygard, Release It!, 2007): after a failure nobody asks for a second, then one query tries.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

import structlog

from twinpath.domain.views import Cached
from twinpath.errors import Unavailable
from twinpath.views.interface import ViewCache, ViewReader
from twinpath.views.naming import generation_name

_LEFT_ALONE_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class FastCopy:
    """Reads by id that never fail: None means "ask the views".

    `wanted` and `had` count documents by view; what was wanted while the cache is away is not had.
    """

    def __init__(self, cache: ViewCache, reader: ViewReader) -> None:
        self._cache = cache
        self._reader = reader
        self._away = False
        self._next_try = 0.0
        self.wanted: Counter[str] = Counter()
        self.had: Counter[str] = Counter()

    async def get(self, view: str, document_id: str) -> Cached | None:
        """One document, if the copy has it."""
        self.wanted[view] += 1
        if self._away and not self._tries():
            return None
        try:
            cached = await self._cache.get(self._copy_of(view), document_id)
        except Unavailable as error:
            self._leave_alone(error)
            return None
        if self._away:
            self._is_back()
        if cached is not None:
            self.had[view] += 1
        return cached

    async def get_many(self, view: str, ids: Sequence[str]) -> list[Cached | None]:
        """Several documents, None for each that the copy does not have."""
        self.wanted[view] += len(ids)
        if not self._away or self._tries():
            try:
                cached = await self._cache.get_many(self._copy_of(view), ids)
            except Unavailable as error:
                self._leave_alone(error)
            else:
                if self._away:
                    self._is_back()
                self.had[view] += sum(one is not None for one in cached)
                return cached
        return [None] * len(ids)

    def _copy_of(self, view: str) -> str:
        """Each generation has a copy of its own."""
        return generation_name(view, self._reader.generation(view).number)

    def _tries(self) -> bool:
        """Whether it is this query's turn to try."""
        now = asyncio.get_running_loop().time()
        if now < self._next_try:
            return False
        self._next_try = now + _LEFT_ALONE_SECONDS
        return True

    def _leave_alone(self, error: Unavailable) -> None:
        if not self._away:
            _log.warning("cache_left_alone", error=error.detail)
        self._away = True
        self._next_try = asyncio.get_running_loop().time() + _LEFT_ALONE_SECONDS

    def _is_back(self) -> None:
        self._away = False
        _log.info("cache_is_back")
