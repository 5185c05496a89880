"""Gathers the rows of all logs of a table into few inserts: 10,000 rows or once a second, and at once when idle.

ClickHouse makes a part of each insert, so that many small ones cost more than they bring.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from twinpath.facts.interface import MOST_ROWS
from twinpath.facts.tables import Row

_Waiting = tuple[Sequence[Row], "asyncio.Future[None]"]


class Inserting:
    """One table. Inserts come one after the other, `seconds` apart unless `most` rows wait.

    With None in the place of seconds each has `most` rows, but for those that somebody can't do without any longer.
    """

    def __init__(
        self, insert: Callable[[Sequence[Row]], Awaitable[None]], most: int = MOST_ROWS, seconds: float | None = 1.0
    ) -> None:
        self._insert = insert
        self._most = most
        self._seconds = seconds
        self._waiting: deque[_Waiting] = deque()
        self._count = 0
        self._is_urgent = False
        self._full = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._task: asyncio.Task[None] | None = None
        self._next = 0.0

    def put(self, rows: Sequence[Row]) -> "asyncio.Future[None]":
        """Done when the rows are in the table. Raises what the insert raises; a part may be there then."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, done))
        self._counts(len(rows))
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="insert facts")
        return done

    def press(self) -> None:
        """Somebody has nothing left to do but to wait for what was put: where no seconds are set, it goes at once."""
        self._is_urgent = self._seconds is None
        self._counts(0)

    async def room(self) -> None:
        """Return when less waits than two inserts take."""
        await self._room.wait()

    async def stop(self) -> None:
        """Insert no more; who waits is cancelled."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for _, done in self._waiting:
            done.cancel()
        self._room.set()

    async def _work(self) -> None:
        now = asyncio.get_running_loop().time
        try:
            while self._waiting:
                if self._seconds is None:
                    await self._full.wait()
                elif (pause := self._next - now()) > 0:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._full.wait(), pause)
                self._next = now() + (self._seconds or 0)
                await self._insert_some()
        finally:
            self._task = None

    async def _insert_some(self) -> None:
        """Insert what waits, up to the first that makes it `most`."""
        batch: list[_Waiting] = []
        rows: list[Row] = []
        while self._waiting and len(rows) < self._most:
            batch.append(self._waiting.popleft())
            rows += batch[-1][0]
        self._counts(-len(rows))
        failure: BaseException | None = None
        try:
            await self._insert(rows)
        except BaseException as error:
            failure = error
            if not isinstance(error, Exception):
                raise
        finally:
            for _, done in batch:
                if not done.done():
                    _settle(done, failure)

    def _counts(self, rows: int) -> None:
        self._count += rows
        self._is_urgent = self._is_urgent and self._count > 0
        is_full = self._is_urgent or self._count >= self._most
        for event, is_so in ((self._full, is_full), (self._room, self._count < 2 * self._most)):
            (event.set if is_so else event.clear)()


def _settle(done: "asyncio.Future[None]", failure: BaseException | None) -> None:
    if failure is None:
        done.set_result(None)
    elif isinstance(failure, Exception):
        done.set_exception(failure)
    else:
        done.cancel()
