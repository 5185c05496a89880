"""Read your own write: holds a query back until its view has reached the positions of its causal token.

One task follows the checkpoints for all; a waiter costs an entry in a heap until it is woken or gives up.
"""

import asyncio
import heapq
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from itertools import count

import structlog

from shared.causal_token import CausalToken
from shared.errors import MalformedRequest, Unavailable
from shared.view_store.interface import Checkpoints, ViewReader

_RETRY_SECONDS = 0.25

_Waiter = tuple[int, int, asyncio.Future[None]]
_log = structlog.get_logger(__name__)


class CausalWaits:
    """Knows how far every projection is; `seconds` is the longest that a query waits."""

    def __init__(self, reader: ViewReader, seconds: float = 5.0) -> None:
        self._reader = reader
        self._seconds = seconds
        self._known: Checkpoints = {}
        self._waiters: defaultdict[tuple[str, str], list[_Waiter]] = defaultdict(list)
        self._movers: set[asyncio.Event] = set()
        self._numbers: Iterator[int] = count()

    async def follow(self) -> None:
        """Learn of every move, until cancelled; while the store is away, ask it again four times a second."""
        while True:
            try:
                async for moved in self._reader.watch_checkpoints():
                    self._learn(moved)
            except Unavailable as error:
                _log.warning("checkpoints_not_followed", error=error.detail)
            await asyncio.sleep(_RETRY_SECONDS)

    def logs(self, projection: str) -> list[str]:
        """The logs that a projection follows, as far as known."""
        return sorted(log for name, log in self._known if name == projection)

    async def reached(self, projection: str, token: CausalToken) -> bool:
        """Wait until the projection has reached every position of the token; False when time runs out.

        A log that this projection does not follow is nothing to wait for.

        Raises:
            MalformedRequest: `foreign_causal_token`: no projection at all follows one of the logs.
            Unavailable: the store is away and nothing is known yet.
        """
        await self._refuse_foreign(token)
        missing = [
            self._wait_for((projection, log), position)
            for log, position in token.items()
            if self._known.get((projection, log), position) < position
        ]
        if not missing:
            return True
        _, waiting = await asyncio.wait(missing, timeout=self._seconds)
        for future in waiting:
            future.cancel()
        return not waiting

    async def moves(self) -> AsyncIterator[None]:
        """Once now and once after each move of any checkpoint, until the longest wait is over."""
        moved = asyncio.Event()
        self._movers.add(moved)
        now = asyncio.get_running_loop().time
        deadline = now() + self._seconds
        try:
            while True:
                moved.clear()
                yield
                async with asyncio.timeout(deadline - now()):
                    await moved.wait()
        except TimeoutError:
            return
        finally:
            self._movers.discard(moved)

    async def _refuse_foreign(self, token: CausalToken) -> None:
        for fresh_look in (False, True):
            logs = {log for _, log in self._known}
            foreign = [log for log in token if log not in logs]
            if not foreign:
                return
            if not fresh_look:
                self._learn(await self._reader.checkpoints())
        raise MalformedRequest(f"No view here knows the log {foreign[0]}.", code="foreign_causal_token", log=foreign[0])

    def _wait_for(self, key: tuple[str, str], position: int) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters[key], (position, next(self._numbers), future))
        return future

    def _learn(self, moved: Checkpoints) -> None:
        self._known.update(moved)
        for key in moved:
            heap = self._waiters.get(key, [])
            while heap and (heap[0][0] <= moved[key] or heap[0][2].done()):
                future = heapq.heappop(heap)[2]
                if not future.done():
                    future.set_result(None)
        for event in self._movers:
            event.set()
