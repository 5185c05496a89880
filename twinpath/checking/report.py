"""Carries out checks one after the other and tells each outcome in a line."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

CheckUp = Callable[[], Awaitable[str]]
"""Returns what was found, for people; raises whatever is in the way."""

_CHECK_SECONDS = 15.0


async def report(checks: Sequence[tuple[str, CheckUp]], say: Callable[[str], None] = print) -> int:
    """0 when all of these named checks are well, else 1. That it is called says that the settings are valid."""
    say("ok     settings: valid")
    outcomes = [await _outcome(name, check, say) for name, check in checks]
    return 0 if all(outcomes) else 1


async def _outcome(name: str, check: CheckUp, say: Callable[[str], None]) -> bool:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            answer, well = await check(), True
    except TimeoutError:
        answer, well = f"no answer within {_CHECK_SECONDS:g} seconds", False
    except Exception as error:  # whatever is in the way, it is what was asked for
        answer, well = str(error).partition(", Timeout: ")[0] or type(error).__name__, False  # PyMongo goes on and on
    say(f"{'ok    ' if well else 'FAILED'} {name}: {' '.join(answer.split())}")
    return well
