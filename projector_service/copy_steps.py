"""What waits to be copied to Redis: commits that follow each other are one step, so a copy that is behind has less."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from shared.view_store.interface import ChangeWhere, View, ViewChange

MOST_WAITING = 50_000
"""Documents and ChangeWheres, so that what waits for a slow Redis is bounded whatever the size of a transaction."""


@dataclass(slots=True, eq=False)
class Step:
    """Between `expected` and `position` of a log these documents of a view changed, and whatever was `met`."""

    view: View
    log: str
    expected: int
    position: int
    ids: dict[str, None]
    met: list[ChangeWhere]

    @property
    def size(self) -> int:
        """How much it holds."""
        return len(self.ids) + len(self.met)


def step_of(view: View, log: str, expected: int, position: int, changes: Iterable[ViewChange]) -> Step:
    """The step that these changes, of whatever views, make necessary."""
    ours = [change for change in changes if change.view == view.name]
    ids = dict.fromkeys(change.id for change in ours if not isinstance(change, ChangeWhere))
    return Step(view, log, expected, position, ids, [change for change in ours if isinstance(change, ChangeWhere)])


class Steps:
    """A queue of steps, each taken by `next` and then `done`."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Step] = asyncio.Queue()
        self._last: dict[tuple[str, str], Step] = {}
        """(view, log) -> the last step that waits."""
        self._size = 0

    def add(self, step: Step) -> None:
        """Have a step wait, or drop it when there is no room."""
        last = self._last.get((step.view.name, step.log))
        if not self._queue.empty() and self._size + step.size > MOST_WAITING:
            return
        if last is not None and last.position == step.expected:
            self._size -= last.size
            last.position = step.position
            last.ids |= step.ids
            last.met += step.met
        else:
            last = self._last[step.view.name, step.log] = step
            self._queue.put_nowait(step)
        self._size += last.size

    async def next(self) -> Step:
        """The step that has waited longest; nothing joins it any more."""
        step = await self._queue.get()
        self._size -= step.size
        if self._last[step.view.name, step.log] is step:
            del self._last[step.view.name, step.log]
        return step

    def done(self) -> None:
        """The step that was taken is written, or given up."""
        self._queue.task_done()

    async def flushed(self) -> None:
        """Wait until all are done."""
        await self._queue.join()

    def go_on(self, view: View, log: str, position: int) -> bool:
        """Whether a step waits that leads on from there."""
        last = self._last.get((view.name, log))
        return last is not None and last.expected <= position < last.position
