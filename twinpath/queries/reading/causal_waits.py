"""Read your own write: holds a query back until its view has reached the positions of its causal token.

One task follows the checkpoints for all. A waiter is one entry a log in a heap; many that gave up are swept together.
"""

import asyncio
import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from itertools import count
from time import perf_counter

import structlog

from twinpath.errors import MalformedRequest, Unavailable
from twinpath.http.causal_token import CausalToken
from twinpath.observability.logged_exceptions import message_of
from twinpath.queries.reading.heard import HeardCheckpoints
from twinpath.views.interface import Checkpoints, ViewReader

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0
_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Waiter:
    missing: int
    done: asyncio.Future[None]


@dataclass(slots=True)
class _Queue:
    """Those who wait for one projection in one log: (position, tie-breaker, waiter)."""

    heap: list[tuple[int, int, _Waiter]] = field(default_factory=list)
    gone: int = 0


class CausalWaits:
    """Knows how far every projection is. `seconds` is the longest that a query waits.

    `on_heard` is called with whatever the watch tells and whether that is everything, `on_move` whenever checkpoints
    moved, `on_waited` after a wait, with the projection, whether it got there
    and how many seconds that took; neither must block. `around`, which is given a name for it, is entered for as long
    as a query waits. `open` counts those who wait now.
    """

    def __init__(self, reader: ViewReader, seconds: float = 5.0) -> None:
        self.seconds = seconds
        self.heard = HeardCheckpoints()
        self.on_heard: Callable[[Checkpoints, bool], None] = lambda moved, everything: None
        self.on_move: Callable[[], None] = lambda: None
        self.on_waited: Callable[[str, bool, float], None] = lambda projection, reached, seconds: None
        self.around: Callable[[str], AbstractContextManager[object]] = nullcontext
        self.open = 0
        self._reader = reader
        self._not_followed: set[tuple[str, str]] = set()
        self._queues: defaultdict[tuple[str, str], _Queue] = defaultdict(_Queue)
        self._numbers: Iterator[int] = count()
        self._stopping = False

    async def follow(self) -> None:
        """Learn of every move, until cancelled; while the watch is away, look for those who wait."""
        pause = 0.0
        while True:
            try:
                moves = self._reader.watch_checkpoints()
                everything = await anext(moves)
                if pause:
                    _log.info("checkpoints_followed_again")
                pause = 0.0
                self.heard.begin(everything)
                self.on_heard(everything, True)
                self._wake(everything)
                async for moved in moves:
                    self.on_heard(moved, False)
                    if moved:
                        self.heard.move(moved)
                        self._wake(moved)
            except Exception as error:  # whatever it was, the next watch begins with all checkpoints
                if not pause:
                    _log.warning("checkpoints_not_followed", error=message_of(error))
            pause = min(pause * 2 or _FIRST_PAUSE, _LONGEST_PAUSE)
            await asyncio.sleep(pause)
            if any(queue.heap for queue in self._queues.values()):
                with suppress(Unavailable):
                    await self._look()

    def stop(self) -> None:
        """The service stops: whoever waits is told at once to come again."""
        self._stopping = True
        for queue in self._queues.values():
            for _, _, waiter in queue.heap:
                if not waiter.done.done():
                    waiter.done.set_result(None)

    async def logs(self, projection: str) -> list[str]:
        """The logs that a projection follows. Raises Unavailable when that was never learnt."""
        if not self.heard:
            await self._look()
        return sorted(self.heard.positions(projection))

    async def reached(self, projection: str, token: CausalToken) -> bool:
        """Wait until the projection has reached every position of the token; False when time runs out.

        A log that this projection does not follow is nothing to wait for; one that has never run is waited for.

        Raises:
            MalformedRequest: `foreign_causal_token`: no projection at all follows one of the logs.
            Unavailable: a log is not known here, and the store can't be asked.
        """
        await self._refuse_foreign(token)
        default = await self._default(projection, token)
        missing = {
            (projection, log): position
            for log, position in token.items()
            if self.heard.at(projection, log, default) < position
        }
        if not missing or self._stopping:
            return not missing
        waiter = _Waiter(len(missing), asyncio.get_running_loop().create_future())
        began = perf_counter()
        self.open += 1
        for key, position in missing.items():
            heapq.heappush(self._queues[key].heap, (position, next(self._numbers), waiter))
        try:
            with self.around(f"wait for {projection}"), suppress(TimeoutError):
                async with asyncio.timeout(self.seconds):
                    await waiter.done
        finally:
            if waiter.missing:
                waiter.done.cancel()
                self._leave(missing)
            self.open -= 1
            self.on_waited(projection, not waiter.missing, perf_counter() - began)
        return not waiter.missing

    async def _refuse_foreign(self, token: CausalToken) -> None:
        if self._foreign(token):
            await self._look()
        if self.heard and (foreign := self._foreign(token)):
            raise MalformedRequest(f"No view here knows the log {foreign}.", code="foreign_causal_token", log=foreign)

    async def _default(self, projection: str, token: CausalToken) -> float:
        """Where the projection counts as being in a log that it has no checkpoint of: beyond it when it does not follow
        this log, before it when it has never run. The watch may have told of some of its checkpoints only, so who does
        not follow a log is found out by a look, once."""
        unknown = {(projection, log) for log in token.keys() - self.heard.positions(projection)} - self._not_followed
        if not unknown:
            return math.inf
        await self._look()
        if not self.heard.positions(projection):
            return 0
        self._not_followed |= {(projection, log) for log in token.keys() - self.heard.positions(projection)}
        return math.inf

    def _foreign(self, token: CausalToken) -> str | None:
        return next((log for log in token if log not in self.heard.logs), None)

    async def _look(self) -> None:
        """Learn what the watch has not told; it may be ahead of this look, so nothing known is lowered."""
        self._wake(self.heard.raise_to(await self._reader.checkpoints()))

    def _wake(self, moved: Checkpoints) -> None:
        for key in moved.keys() & self._queues.keys():
            queue = self._queues[key]
            while queue.heap and queue.heap[0][0] <= moved[key]:
                waiter = heapq.heappop(queue.heap)[2]
                if waiter.done.done():
                    queue.gone -= 1
                    continue
                waiter.missing -= 1
                if not waiter.missing:
                    waiter.done.set_result(None)
        self.on_move()

    def _leave(self, keys: Checkpoints) -> None:
        """Sweep a heap when half of it has given up: so a position that never comes costs no memory for ever."""
        for key in keys:
            queue = self._queues[key]
            queue.gone += 1
            if queue.gone * 2 > len(queue.heap):
                queue.heap = [entry for entry in queue.heap if not entry[2].done.done()]
                heapq.heapify(queue.heap)
                queue.gone = 0
