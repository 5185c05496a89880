"""How many event streams are open: a limit in all, and one for each caller, so that nobody takes every seat."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from starlette.types import Scope

from twinpath.errors import TooMany, Unavailable
from twinpath.identity.authentication import counted_as

_OPENED_AT_ONCE = 16
"""Each opening reads from the views; more at once would keep other readers waiting."""


class Seats:
    """Counts what is open of a kind, by caller: by issuer and subject where they are known, else by their address.

    `kind` is what it is called, as in event streams.
    """

    def __init__(self, most: int = 1_000, most_of_caller: int = 500, kind: str = "event streams") -> None:
        self._kind, self._code = kind, f"too_many_{kind.rpartition(' ')[2]}"
        self._most = most
        self._most_of_caller = most_of_caller
        self._taken: Counter[str] = Counter()
        self._opening = asyncio.Semaphore(_OPENED_AT_ONCE)

    @contextmanager
    def taken(self, scope: Scope) -> Iterator[None]:
        """A seat for as long as the block lasts. Raises TooMany, Unavailable."""
        name = counted_as(scope)
        if self._taken[name] >= self._most_of_caller:
            detail = f"{self._most_of_caller} {self._kind} of yours are open; close some first."
            raise TooMany(detail, code=self._code)
        if self._taken.total() >= self._most:
            raise Unavailable(f"{self._most} {self._kind} are open here.", code=self._code)
        self._taken[name] += 1
        try:
            yield
        finally:
            self._taken[name] -= 1
            if not self._taken[name]:
                del self._taken[name]

    @asynccontextmanager
    async def opening(self) -> AsyncIterator[None]:
        """Wait until few others are being opened."""
        async with self._opening:
            yield
