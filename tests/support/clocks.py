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
