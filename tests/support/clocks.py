"""Clocks for tests."""

from datetime import datetime, timedelta
from itertools import count

from twinpath.clock import utc_now

_ticks = count(1)


class Ticking:
    """A clock a little ahead that never says the same twice, as one does that is asked once a second."""

    def __call__(self) -> datetime:
        """Now, and a millisecond more each time."""
        return utc_now() + timedelta(milliseconds=next(_ticks))


class Seconds:
    """Seconds that pass only when a test lets them."""

    def __init__(self) -> None:
        self._now = 1_000.0

    def __call__(self) -> float:
        """Now."""
        return self._now

    def pass_by(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._now += seconds
