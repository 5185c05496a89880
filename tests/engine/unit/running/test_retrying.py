"""How long work that fails is tried: failures that pass by themselves do not count."""

import pytest

from twinpath.errors import NewerEvent, Unavailable, UnknownEvent
from twinpath.running.retrying import Pace, tried

QUICK = Pace(first=0.0001, most=0.0001, attempts=3)


class Work:
    """Fails with these, one after the other, then succeeds."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)

    async def do(self) -> None:
        """One try."""
        if self.failures:
            raise self.failures.pop(0)


@pytest.mark.parametrize("passing", [Unavailable("away"), NewerEvent("a later version wrote it")])
async def test_a_failure_that_passes_by_itself_is_waited_out(passing: Exception) -> None:
    assert await tried(Work(*[passing] * 20).do, QUICK, lambda failure: None) is None


async def test_any_other_failure_is_given_up_after_some_attempts() -> None:
    work = Work(*[UnknownEvent("it can't be read")] * 20)

    assert isinstance(await tried(work.do, QUICK, lambda failure: None), UnknownEvent)
    assert len(work.failures) == 17
