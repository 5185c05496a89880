"""How long the projector waits before it tries again, the loops that do, and what they log of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_exponential_jitter

from twinpath.errors import Unavailable

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """Waits in seconds: after a store was away from `first` doubling up to `most`, each with up to `first` of jitter;
    `poison` after anything that a repetition will hardly mend; `look` between two looks at what may be missing."""

    first: float = 0.1
    most: float = 10.0
    poison: float = 30.0
    look: float = 1.0


async def until_done(
    work: Callable[[], Awaitable[None]],
    pace: Pace,
    trouble: Callable[[BaseException | None], None],
    mends: type[Exception] = Exception,
) -> None:
    """Repeat `work` until it returns; tell `trouble` of each failure, and None once it has returned.

    A failure that is no `mends` is raised at once.
    """
    backoff = wait_exponential_jitter(multiplier=pace.first, max=pace.most, jitter=pace.first)

    def wait(state: RetryCallState) -> float:
        return backoff(state) if isinstance(_failure(state), Unavailable) else pace.poison

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(mends),
        wait=wait,
        reraise=True,
        before_sleep=lambda state: trouble(_failure(state)),
    )
    await retrying(work)
    trouble(None)


async def repeated(
    look: Callable[[], Awaitable[None]], seconds: float, trouble: Callable[[BaseException | None], None]
) -> NoReturn:
    """Call `look` until cancelled, with a rest of `seconds` between; tell `trouble` of each failure, and None after a
    success: whatever it was, the next look begins anew."""
    while True:
        try:
            await look()
            trouble(None)
        except Exception as error:
            trouble(error)
        await asyncio.sleep(seconds)


class Troubles:
    """What is being retried now, by what it holds up: a log, or a projection that joins it."""

    def __init__(self, log: str) -> None:
        self._name = log
        self._failures: dict[str, BaseException] = {}

    def note(self, what: str, failure: BaseException | None) -> None:
        """Remember it, or that it is over; a failure that repeats itself is said once."""
        before = self._failures.pop(what, None)
        if failure is not None:
            self._failures[what] = failure
            if str(before) != str(failure):
                self._say(failure)
        elif before is not None:
            _log.info("projection_goes_on", log=self._name, what=what)

    @property
    def any(self) -> BaseException | None:
        """One of them."""
        return next(iter(self._failures.values()), None)

    def _say(self, failure: BaseException) -> None:
        if isinstance(failure, Unavailable):
            _log.warning("projection_waits_for_store", log=self._name, error=str(failure))
        else:
            _log.error("projection_fails", log=self._name, exc_info=failure)


def _failure(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
