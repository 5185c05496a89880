"""The cache as queries use it: while it is away it is left alone, and everything is read from the views."""

import asyncio
from collections.abc import Sequence

import structlog

from shared.errors import Unavailable
from shared.view_store.interface import Cached, ViewCache

_LEFT_ALONE_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class FastCopy:
    """Reads by id that never fail: None means "ask the views"."""

    def __init__(self, cache: ViewCache) -> None:
        self._cache = cache
        self._away_until = 0.0

    async def get(self, view: str, document_id: str) -> Cached | None:
        """One document, if the copy has it."""
        if self._is_away():
            return None
        try:
            return await self._cache.get(view, document_id)
        except Unavailable as error:
            self._leave_alone(error)
            return None

    async def get_many(self, view: str, ids: Sequence[str]) -> list[Cached | None]:
        """Several documents, None for each that the copy does not have."""
        if not self._is_away():
            try:
                return await self._cache.get_many(view, ids)
            except Unavailable as error:
                self._leave_alone(error)
        return [None] * len(ids)

    def _is_away(self) -> bool:
        return asyncio.get_running_loop().time() < self._away_until

    def _leave_alone(self, error: Unavailable) -> None:
        if not self._is_away():
            _log.warning("cache_left_alone", seconds=_LEFT_ALONE_SECONDS, error=error.detail)
        self._away_until = asyncio.get_running_loop().time() + _LEFT_ALONE_SECONDS
