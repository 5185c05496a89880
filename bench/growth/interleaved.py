"""The same work at every size, one piece of each in turn, so that whatever else the machine does meets all alike."""

import statistics
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

Work = Callable[[int], Coroutine[Any, Any, object]]
"""Does one piece of it, given the number of the turn."""


async def medians(turns: int, works: Sequence[Work]) -> list[float]:
    """Median milliseconds of each work. Who is first changes from turn to turn."""
    times: list[list[float]] = [[] for _ in works]
    for turn in range(turns):
        for place in range(len(works)):
            which = (turn + place) % len(works)
            began = time.perf_counter()
            await works[which](turn)
            times[which].append(time.perf_counter() - began)
    return [1000 * statistics.median(of) for of in times]
