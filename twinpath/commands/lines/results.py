"""The results of the lines in hand, sent in their order, with bounded memory whether the client reads or not."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress

from starlette.types import Send

from twinpath.errors import TwinpathError

SIDE_BY_SIDE = 512
MOST_BYTES_IN_HAND = 1024 * 1024
MOST_UNSENT_BYTES = 2 * 1024 * 1024
"""Ten thousand lines that succeed have results of 1.3 MB: a client may send them all before it reads."""

_CHUNK_BYTES = 64 * 1024
_HEADERS = [(b"content-type", b"application/x-ndjson")]


class Results:
    """Lines that are carried out side by side and what came of them; `patience` is in seconds."""

    def __init__(self, patience: float = 5.0, send_seconds: float = 60.0) -> None:
        self.in_hand = 0
        """Lines that are not done."""
        self.is_cut = False
        """The client went away, or reads nothing: no results are sent any more."""
        self._patience = patience
        self._send_seconds = send_seconds
        self._bytes_in_hand = 0
        self._unsent = 0
        self._unread = False
        self._tasks: deque[asyncio.Task[bytes]] = deque()
        self._moved = asyncio.Event()
        self._closed = False
        self._ending: tuple[TwinpathError, bytes] | None = None

    def add(self, size: int, work: Coroutine[None, None, bytes]) -> None:
        """Carry out a line of so many bytes; its result comes after those added before."""
        self.in_hand += 1
        self._bytes_in_hand += size
        self._tasks.append(asyncio.create_task(self._counted(size, work)))
        self._moved.set()

    def close(self, error: TwinpathError | None = None, result: bytes = b"") -> None:
        """No line follows. `error` is what was wrong with the body as a whole, `result` says it after other results."""
        self._closed, self._ending = True, (error, result) if error else None
        self._moved.set()

    def cut(self) -> None:
        """The client has gone."""
        self.is_cut = True
        self.close()

    def takes(self, size: int) -> bool:
        """Whether a line of so many bytes may be in hand too."""
        return not self.in_hand or (self.in_hand < SIDE_BY_SIDE and self._bytes_in_hand + size <= MOST_BYTES_IN_HAND)

    async def moved(self) -> None:
        """Wait until a line is done or a result is sent."""
        self._moved.clear()
        await self._moved.wait()

    async def are_read(self) -> bool:
        """Whether the client reads its results: it may be behind by so many bytes, and by more for a few seconds."""
        if self._unsent > MOST_UNSENT_BYTES and not self._unread:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience):
                    while self._unsent > MOST_UNSENT_BYTES:
                        await self.moved()
            self._unread = self._unsent > MOST_UNSENT_BYTES
        return not self._unread

    async def send(self, send: Send) -> None:
        """Send every result in its order. Raises the error that closed it, unless results were sent before.

        A client that takes nothing of a part within `send_seconds` gets no end of its answer.
        """
        started = False
        try:
            while not self.is_cut and (part := await self._part()):
                async with asyncio.timeout(self._send_seconds):
                    if not started:
                        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                        started = True
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                self._unsent -= len(part)
                self._moved.set()
        except TimeoutError:
            self.cut()
        if self.is_cut:
            return
        error, result = self._ending or (None, b"")
        if error and not started:
            raise error
        await send({"type": "http.response.body", "body": result, "more_body": False})

    async def settled(self) -> None:
        """Wait for the lines in hand."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cancel(self) -> None:
        """Give the lines in hand up."""
        for task in self._tasks:
            task.cancel()

    async def _part(self) -> bytes:
        """The next results that are ready, together; empty at the end."""
        while not self._tasks:
            if self._closed:
                return b""
            await self.moved()
        part = bytearray(await self._tasks.popleft())
        while self._tasks and self._tasks[0].done() and len(part) < _CHUNK_BYTES:
            part += self._tasks.popleft().result()
        return bytes(part)

    async def _counted(self, size: int, work: Coroutine[None, None, bytes]) -> bytes:
        try:
            result = await work
            self._unsent += len(result)
            return result
        finally:
            self.in_hand -= 1
            self._bytes_in_hand -= size
            self._moved.set()
