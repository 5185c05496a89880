"""Runs the same work at every size in turn, so that other load on the machine affects all sizes alike."""

import statistics
import time
from collections.abc import Callable, Sequence
from inspect import isawaitable

Work = Callable[[int], object]
"""Does one piece of work, given the number of the turn; what can be awaited is awaited."""


async def medians(turns: int, works: Sequence[Work]) -> list[float]:
    """Median milliseconds of every work. The work that begins changes from turn to turn."""
    times: list[list[float]] = [[] for _ in works]
    for turn in range(turns):
        for place in range(len(works)):
            which = (turn + place) % len(works)
            began = time.perf_counter()
            if isawaitable(done := works[which](turn)):
                await done
            times[which].append(time.perf_counter() - began)
    return [1000 * statistics.median(seconds) for seconds in times]
