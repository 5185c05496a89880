"""Deletes generations of views that another one has replaced, once nobody can be reading them any more."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from twinpath.clock import Clock, utc_now
from twinpath.running.retrying import Troubles, repeated
from twinpath.views.generations import GenerationStore
from twinpath.views.interface import ViewCopy

_LOOK_SECONDS = 10.0

_log = structlog.get_logger(__name__)


class Retiring:
    """Looks every few seconds; any number of replicas may do so at once. `grace` is how long one stays behind."""

    def __init__(
        self, store: GenerationStore, copies: Sequence[ViewCopy[Any]], grace: timedelta, clock: Clock = utc_now
    ) -> None:
        self._store = store
        self._copies = copies
        self._grace = grace
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled."""
        await repeated(self.look, _LOOK_SECONDS, partial(Troubles("retired generations").note, "look"))

    async def look(self) -> None:
        """Delete what is due: first its copies, since its name is forgotten with the documents. Raises Unavailable."""
        for name in await self._store.retired(self._clock() - self._grace):
            for copy in self._copies:
                await copy.forget(name)
            await self._store.drop(name)
            _log.info("generation_dropped", name=name)
