"""Deletes generations of views that another one has replaced, once nobody can be reading them any more."""

import asyncio
from datetime import timedelta

import structlog

from twinpath.clock import Clock, utc_now
from twinpath.errors import Unavailable
from twinpath.views.generations import GenerationStore
from twinpath.views.interface import ViewCache

_LOOK_SECONDS = 10.0

_log = structlog.get_logger(__name__)


class Retiring:
    """Looks every few seconds; any number of replicas may do so at once. `grace` is how long one stays behind."""

    def __init__(
        self,
        store: GenerationStore,
        cache: ViewCache,
        grace: timedelta,
        clock: Clock = utc_now,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._store = store
        self._cache = cache
        self._grace = grace
        self._clock = clock
        self._look_seconds = look_seconds

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except Unavailable as error:
                _log.info("retired_generations_wait", error=error.detail)
            except Exception:  # nobody watches this but the log
                _log.exception("retired_generations_wait")
            await asyncio.sleep(self._look_seconds)

    async def look(self) -> None:
        """Delete what is due: first its copy, since its name is forgotten with the documents. Raises Unavailable."""
        for name in await self._store.retired(self._clock() - self._grace):
            await self._cache.forget(name)
            await self._store.drop(name)
            _log.info("generation_dropped", name=name)
