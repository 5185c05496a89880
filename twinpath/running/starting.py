"""The parts that a service needs before it can work, waited for while it already answers for its health.

An orchestrator sees a process that lives and is not ready, and reads in /health/ready what it waits for.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import structlog
from pymongo.errors import PyMongoError

from twinpath.errors import TwinpathError, Unavailable
from twinpath.observability.logged_exceptions import message_of

_PAUSE_SECONDS = 0.2
_HEAD_START_SECONDS = 2.0
_log = structlog.get_logger(__name__)


class Start:
    """Enters `working` as soon as the stores allow it, and leaves it when the service ends.

    A store that is away is asked again and again; anything else, such as a layout that does not fit, is for a person
    to mend, and stays what readiness says.
    """

    def __init__(self, working: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        self._working = working
        self._begun = asyncio.Event()
        self._ending = asyncio.Event()
        self.waits_for: str | None = "the service has only just begun to start"
        """Why it does not work yet, or None."""

    async def check(self) -> None:
        """A Check for readiness. Raises Unavailable until it works."""
        if self.waits_for is not None:
            raise Unavailable(self.waits_for)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """To be entered before the service listens, for as long as it is served; returns within two seconds."""
        task = asyncio.create_task(self._run(), name="start")
        with suppress(TimeoutError):  # where the stores are there, nobody meets a service that is not ready
            async with asyncio.timeout(_HEAD_START_SECONDS):
                await self._begun.wait()
        yield
        self._ending.set()
        if self.waits_for is not None:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _run(self) -> None:
        while not self._ending.is_set():
            try:
                async with self._working():
                    self.waits_for = None
                    self._begun.set()
                    await self._ending.wait()
            except (PyMongoError, Unavailable) as error:
                if self._ending.is_set():
                    raise
                if self.waits_for != str(error):
                    _log.warning("start_waits", error=message_of(error))
                self.waits_for = str(error)
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception as error:
                if self._ending.is_set():
                    raise
                _log.error(
                    "start_impossible", error=str(error), exc_info=None if isinstance(error, TwinpathError) else error
                )
                self.waits_for = str(error) or type(error).__name__
                await self._ending.wait()
