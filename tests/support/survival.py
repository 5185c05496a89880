"""How long the survival suite runs: TWINPATH_SURVIVAL=long, as `make survive` sets it, or short, as in `make test`."""

import os

LONG = os.environ.get("TWINPATH_SURVIVAL") == "long"


def times(short: int, long: int) -> int:
    """A number of repetitions, of events or of seconds, by the form of the run."""
    return long if LONG else short
