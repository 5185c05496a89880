"""The knee: the highest rate at which the latencies of commands and queries stay within their limits."""

from collections.abc import Awaitable, Callable, Sequence

from bench.load.figures import Second, milliseconds
from bench.load.report import total

COMMAND_P99, QUERY_P99 = 50.0, 10.0
"""The limits in milliseconds: beyond the knee a latency exceeds its limit."""
HALVINGS = 4


def is_well(rate: float, duration: float, seconds: Sequence[Second]) -> bool:
    """Whether a load of `rate` requests a second for `duration` seconds was answered in full and within the limits."""
    whole = total(seconds)
    quick = milliseconds(whole.times["command"], 99) <= COMMAND_P99
    quick = quick and milliseconds(whole.times["query"], 99) <= QUERY_P99
    return quick and whole.answered >= 0.95 * rate * duration and not whole.failed


async def find_knee(first: float, goes_well: Callable[[float], Awaitable[bool]]) -> tuple[float, float]:
    """Double the rate, beginning with `first`, until it is too high, then halve the interval HALVINGS times.

    Returns:
        The highest good rate, 0 when there is none, and the lowest rate that was too high.
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
