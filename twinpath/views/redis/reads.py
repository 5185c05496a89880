"""Single reads that wait at the same time share one MGET: the next one carries all that came since the last was sent.

No timer is involved: the first read waits for the end of the event loop's turn, the others for the answer before
theirs. (The technique is known as a data loader, after github.com/graphql/dataloader.)
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

MOST_KEYS = 500
"""In one MGET."""

V = TypeVar("V")


class SharedReads(Generic[V]):
    """Reads keys through `read_many`, one call at a time.

    It reads several keys in one round trip, in their order; what it raises, whatever it is, every waiting caller gets.
    """

    def __init__(self, read_many: Callable[[Sequence[str]], Awaitable[Sequence[V]]]) -> None:
        self._read_many = read_many
        self._wanted: dict[str, asyncio.Future[V]] = {}
        self._task: asyncio.Task[None] | None = None

    async def get(self, key: str) -> V:
        """The key's value as it is after this call began. Raises what `read_many` raises."""
        answer = self._wanted.get(key)
        if answer is None:
            answer = self._wanted[key] = asyncio.get_running_loop().create_future()
            if self._task is None:
                self._task = asyncio.create_task(self._read_wanted(), name="shared reads")
        return await asyncio.shield(answer)  # who gives up leaves the others their answer

    async def _read_wanted(self) -> None:
        answers: list[asyncio.Future[V]] = []
        try:
            while self._wanted:
                keys = list(self._wanted)[:MOST_KEYS]
                answers = [self._wanted.pop(key) for key in keys]
                try:
                    values = await self._read_many(keys)
                except Exception as error:
                    for answer in answers:
                        answer.set_exception(error)
                        answer.exception()  # whoever asked may be gone: then nobody else looks at it
                else:
                    for answer, value in zip(answers, values, strict=True):
                        answer.set_result(value)
        finally:  # empty in the ordinary case; when this task is cancelled, nobody is left without an answer
            for answer in (*answers, *self._wanted.values()):
                answer.cancel()
            self._wanted.clear()
            self._task = None
