"""The knee: the highest rate at which commands and queries are answered as quickly as they should be."""

from collections.abc import Awaitable, Callable, Sequence

from bench.load.figures import Second, milliseconds
from bench.load.shown import total

COMMAND_P99, QUERY_P99 = 50.0, 10.0
"""Milliseconds: beyond the knee one of them is longer."""
HALVINGS = 4


def is_well(rate: float, duration: float, seconds: Sequence[Second]) -> bool:
    """Whether a load of `rate` requests a second for so many seconds was answered in time, and all of it."""
    whole = total(seconds)
    quick = milliseconds(whole.times["command"], 99) <= COMMAND_P99
    quick = quick and milliseconds(whole.times["query"], 99) <= QUERY_P99
    return quick and whole.answered >= 0.95 * rate * duration and not whole.failed


async def find_knee(first: float, goes_well: Callable[[float], Awaitable[bool]]) -> tuple[float, float]:
    """Double the rate from the first one until it is too much, then halve the distance some times.

    Returns:
        The highest rate that went well, 0 when none did, and the lowest that was too much.
    """
    good, bad, rate, halvings = 0.0, 0.0, first, 0
    while halvings <= HALVINGS:
        if await goes_well(rate):
            good = rate
        else:
            bad = rate
        halvings += bool(bad)
        rate = (good + bad) / 2 if bad else 2 * rate
    return good, bad
