"""Makes the keys of owners whose ids are fresh, many in one insert: those that come while one is under way share the
next, as commits do."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

Insert = Callable[[Mapping[str, bytes]], Awaitable[None]]
"""Takes keys by owner and keeps them, all or none as far as anybody knows."""


class NewKeys:
    """Keeps new keys with `insert`, one call at a time."""

    def __init__(self, insert: Insert) -> None:
        self._insert = insert
        self._waiting: dict[str, bytes] = {}
        self._done: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def keep(self, owner: str, key: bytes) -> bytes:
        """The key that is kept: this one, or that of somebody who keeps one of this owner at the same moment.

        Raises what `insert` raises.
        """
        key = self._waiting.setdefault(owner, key)
        if self._done is None:
            self._done = asyncio.get_running_loop().create_future()
        if self._task is None:
            self._task = asyncio.create_task(self._keep_all(), name="new keys")
        await asyncio.shield(self._done)
        return key

    async def _keep_all(self) -> None:
        try:
            while self._done is not None:
                waiting, done = self._waiting, self._done
                self._waiting, self._done = {}, None
                try:
                    await self._insert(waiting)
                except Exception as error:
                    done.set_exception(error)
                else:
                    done.set_result(None)
        finally:
            self._task = None
            if self._done is not None:  # this task was cancelled
                self._done.cancel()
