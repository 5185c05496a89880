"""Steps that wait for a copy: commits that follow each other are one step, so a copy that is behind has less."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from twinpath.domain.views import ChangeWhere, View, ViewChange

MOST_WAITING = 50_000
"""Documents and ChangeWheres, so that what waits for a slow server is bounded whatever the size of a transaction."""

TAKEN_TOGETHER = 500
"""Documents of steps of several logs."""


@dataclass(slots=True, eq=False)
class Step:
    """Between `expected` and `position` of a log these documents of a view changed, and whatever was `met`."""

    view: View
    log: str
    expected: int
    position: int
    ids: dict[str, None]
    met: list[ChangeWhere]
    erases: bool = False
    """Whether what the documents were before is to go for good."""

    @property
    def size(self) -> int:
        """How much it holds."""
        return len(self.ids) + len(self.met)

    @property
    def is_wipe(self) -> bool:
        """Whether it moves no position: then nothing else tells that it was not written."""
        return self.expected == self.position


def step_of(
    view: View, log: str, expected: int, position: int, changes: Iterable[ViewChange], erases: bool = False
) -> Step:
    """The step that these changes, of whatever views, make necessary."""
    ours = [change for change in changes if change.view == view.name]
    ids = dict.fromkeys(change.id for change in ours if not isinstance(change, ChangeWhere))
    met = [change for change in ours if isinstance(change, ChangeWhere)]
    return Step(view, log, expected, position, ids, met, erases)


class Steps:
    """A queue of steps: `next` takes some of one view, which are in hand until they are `done`."""

    def __init__(self) -> None:
        self._queue: deque[Step] = deque()
        self._last: dict[tuple[str, str], Step] = {}
        """(view, log) -> the last step that waits."""
        self._size = 0
        self._added = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def add(self, step: Step) -> None:
        """Have a step wait, or drop it when there is no room, unless nothing would tell that it is missing."""
        last = self._last.get((step.view.name, step.log))
        if self._queue and self._size + step.size > MOST_WAITING and not step.is_wipe:
            return
        if last is not None and last.position == step.expected:
            self._size -= last.size
            last.position = step.position
            last.ids |= step.ids
            last.met += step.met
            last.erases |= step.erases
        else:
            last = self._last[step.view.name, step.log] = step
            self._queue.append(step)
        self._size += last.size
        self._added.set()
        self._empty.clear()

    async def next(self) -> list[Step]:
        """The step that has waited longest, and small ones of its view and other logs that can go with it; none joins
        them."""
        while not self._queue:
            self._added.clear()
            await self._added.wait()
        taken = [self._queue[0]]
        for step in islice(self._queue, 1, None):
            if step.view is taken[0].view:
                full = step.size + sum(chosen.size for chosen in taken) > TAKEN_TOGETHER
                if full or step.met or taken[0].met or any(step.log == chosen.log for chosen in taken):
                    break
                taken.append(step)
        for step in taken:
            self._queue.remove(step)
            self._size -= step.size
            if self._last[step.view.name, step.log] is step:
                del self._last[step.view.name, step.log]
        return taken

    def done(self) -> None:
        """The steps that were taken are written, or given up."""
        if not self._queue:
            self._empty.set()

    async def flushed(self) -> None:
        """Wait until all are done."""
        await self._empty.wait()

    def go_on(self, view: View, log: str, position: int) -> bool:
        """Whether a step waits that leads on from there."""
        last = self._last.get((view.name, log))
        return last is not None and last.expected <= position < last.position
