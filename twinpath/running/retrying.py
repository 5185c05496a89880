"""How long work waits before it is tried again, the loops that do so, and what the log says of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_exponential_jitter

from twinpath.errors import ConcurrencyConflict, NewerEvent, Unavailable

WAITED_OUT = (Unavailable, ConcurrencyConflict, NewerEvent, MemoryError)
"""Failures that pass by themselves, or with the replacement of this replica: such work is tried again without limit."""

_T = TypeVar("_T")

_log = structlog.get_logger(__name__)

Trouble = Callable[[BaseException | None], None]
"""Takes each failure, and None once the work is done."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Waits in seconds: after a store was away from `first` doubling up to `most`, each with up to `first` of jitter;
    `poison` after anything that a repetition will hardly mend; `look` between two looks at what may be missing.
    `attempts` is how often `tried` meets such a failure before it gives up.
    """

    first: float = 0.1
    most: float = 10.0
    poison: float = 30.0
    look: float = 1.0
    attempts: int = 8

    @property
    def backoff(self) -> wait_exponential_jitter:
        """The growing waits."""
        return wait_exponential_jitter(multiplier=self.first, max=self.most, jitter=self.first)


async def until_done(
    work: Callable[[], Awaitable[_T]], pace: Pace, trouble: Trouble, mends: type[Exception] = Exception
) -> _T:
    """Repeat `work` until it returns, for what it returns; tell `trouble` of each failure, and None after the last.

    A failure that is no `mends` is raised at once.
    """
    backoff = pace.backoff

    def wait(state: RetryCallState) -> float:
        return backoff(state) if isinstance(_failure(state), Unavailable) else pace.poison

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(mends),
        wait=wait,
        reraise=True,
        before_sleep=lambda state: trouble(_failure(state)),
    )
    result: _T = await retrying(work)
    trouble(None)
    return result


async def tried(work: Callable[[], Awaitable[Any]], pace: Pace, trouble: Trouble) -> Exception | None:
    """Repeat `work` until it returns or has failed `attempts` times, with growing pauses; gives the last failure.

    A store that is away is waited out without limit, and does not count.
    """
    failures = 0

    def gives_up(state: RetryCallState) -> bool:
        nonlocal failures
        failures += not isinstance(_failure(state), WAITED_OUT)
        return failures >= pace.attempts

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(Exception),
        wait=pace.backoff,
        stop=gives_up,
        reraise=True,
        before_sleep=lambda state: trouble(_failure(state)),
    )
    try:
        await retrying(work)
    except Exception as failure:
        return failure
    finally:
        trouble(None)
    return None


async def repeated(look: Callable[[], Awaitable[None]], seconds: float, trouble: Trouble) -> NoReturn:
    """Call `look` until cancelled, with a rest of `seconds` between; tell `trouble` of each failure, and None after a
    success: whatever it was, the next look begins anew."""
    while True:
        try:
            await look()
            trouble(None)
        except Exception as error:
            trouble(error)
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines in the log that tell of troubles."""

    goes_on: str
    waits: str
    fails: str


OF_PROJECTIONS = Lines("projection_goes_on", "projection_waits_for_store", "projection_fails")
OF_PROCESSES = Lines("process_goes_on", "process_waits_for_store", "process_fails")


class Troubles:
    """What is being retried now, by what it holds up: a log, a projection that joins it, a stream."""

    def __init__(self, log: str, lines: Lines = OF_PROJECTIONS) -> None:
        self._name = log
        self._lines = lines
        self._failures: dict[str, BaseException] = {}

    def note(self, what: str, failure: BaseException | None) -> None:
        """Remember it, or that it is over; a failure that repeats itself is said once."""
        before = self._failures.pop(what, None)
        if failure is not None:
            self._failures[what] = failure
            if str(before) != str(failure):
                self._say(failure)
        elif before is not None:
            _log.info(self._lines.goes_on, log=self._name, what=what)

    @property
    def any(self) -> BaseException | None:
        """One of them."""
        return next(iter(self._failures.values()), None)

    def _say(self, failure: BaseException) -> None:
        if isinstance(failure, Unavailable):
            _log.warning(self._lines.waits, log=self._name, error=str(failure))
        else:
            _log.error(self._lines.fails, log=self._name, exc_info=failure)


def _failure(state: RetryCallState) -> BaseException | None:
    """The failure, or the first of a group that is no matter of waiting."""
    failure = state.outcome.exception() if state.outcome else None
    while isinstance(failure, BaseExceptionGroup):
        inner = failure.exceptions
        failure = next((error for error in inner if not isinstance(error, Unavailable)), inner[0])
    return failure
