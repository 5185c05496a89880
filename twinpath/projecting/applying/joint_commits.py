"""What several logs have ready goes as one transaction: fewer and fuller ones, so that each event waits less.

A transaction costs a command a view and one to end it, however little it holds. So what comes while one is under way
waits and goes together as the next (group commit, as in the log). What is large fills a transaction of its own, beside
the others: then it is the store that is busy, and it does several at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from twinpath.around import around
from twinpath.errors import CheckpointMoved, TwinpathError
from twinpath.views.interface import Batch, BatchWriter

LARGE = 1_000
"""Changes that are worth a transaction of their own."""


@dataclass(slots=True, eq=False)
class _Commit:
    batch: Batch
    done: asyncio.Future[None]


def joint(writer: BatchWriter) -> BatchWriter:
    """A writer that joins commits. Each caller learns what became of its own, as if it were alone."""
    return around(writer, commit=_JointCommits(writer.commit).commit)


class _JointCommits:
    def __init__(self, commit: Callable[[Batch], Awaitable[None]]) -> None:
        self._commit = commit
        self._waiting: list[_Commit] = []
        self._task: asyncio.Task[None] | None = None

    async def commit(self, batch: Batch) -> None:
        if batch.parking or not batch.moves or len(batch.changes) >= LARGE:
            await self._commit(batch)
            return
        commit = _Commit(batch, asyncio.get_running_loop().create_future())
        self._waiting.append(commit)
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="joint commits")
        await commit.done

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._together(self._take())
                await asyncio.sleep(0)  # logs that have waited for this one come with the next, not with the one after
        finally:
            self._task = None

    def _take(self) -> list[_Commit]:
        """As many as are not more than a large one; none whose caller is gone."""
        taken: list[_Commit] = []
        size = 0
        while self._waiting and size < LARGE:
            commit = self._waiting.pop(0)
            if not commit.done.done():
                taken.append(commit)
                size += len(commit.batch.changes)
        return taken

    async def _together(self, commits: Sequence[_Commit]) -> None:
        """One transaction; one each where what is in it, or another consumer, is at fault: it does not say for whom."""
        try:
            if commits:
                changes = [change for commit in commits for change in commit.batch.changes]
                await self._commit(Batch(changes, [move for commit in commits for move in commit.batch.moves]))
        except Exception as error:
            away = isinstance(error, TwinpathError | MemoryError) and not isinstance(error, CheckpointMoved)
            if not away and len(commits) > 1:
                for commit in commits:
                    await self._together([commit])
                return
            for commit in commits:
                if not commit.done.done():
                    commit.done.set_exception(error)
        else:
            for commit in commits:
                if not commit.done.done():
                    commit.done.set_result(None)
