"""How histories are searched: hypothesis draws the tapes; MODEL_HISTORIES says how many a model plays (700)."""

import os
from collections.abc import Callable
from random import Random

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from tests.engine.model.history import TAPE_BYTES, History, Violation

HISTORIES = int(os.environ.get("MODEL_HISTORIES", "700"))
TAPES = st.binary(min_size=TAPE_BYTES, max_size=TAPE_BYTES)

every_history = settings(max_examples=HISTORIES, deadline=None, suppress_health_check=list(HealthCheck))
"""For the test of a model: a failing tape is shrunk, shown and kept, and comes first the next time."""

_searching = settings(max_examples=20_000, deadline=None, database=None, phases=[Phase.generate])


def finds(promise: str, play: Callable[[bytes], History]) -> bool:
    """Whether some history breaks this promise, as its violation puts it; the search is the same each time."""

    def breaks(tape: bytes) -> bool:
        try:
            play(tape)
        except Violation as violation:
            return promise in str(violation).partition("\n")[0]
        return False

    try:
        find(TAPES, breaks, settings=_searching, random=Random(1))
    except NoSuchExample:
        return False
    return True
