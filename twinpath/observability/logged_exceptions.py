"""An exception as a log may tell it: its kind, its place, and its message only where that can't quote data."""

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pymongo.errors import PyMongoError
from structlog.typing import EventDict, WrappedLogger

from twinpath.errors import TwinpathError
from twinpath.mongo_client import driver_message

_FRAMES = 12
_CHAIN = 5
_ROOT = Path(__file__).resolve().parents[2]


def exceptions_as_data(_: WrappedLogger, method: str, event_dict: EventDict) -> EventDict:
    """A structlog processor: `exc_info` becomes `exception`, a list of them, the one that was caught first."""
    given = event_dict.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event_dict["exception"] = [_one(link) for link in _chain(error)]
    return event_dict


def message_of(error: BaseException) -> str:
    """The message of an error in one line, without data."""
    kind = type(error).__qualname__
    if isinstance(error, PyMongoError):
        return driver_message(error)
    if isinstance(error, TwinpathError):
        return f"{kind}: {error.detail}"
    return f"{kind}: {error}" if isinstance(error, (OSError, TimeoutError)) and str(error) else kind


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what it holds when it is a group, and what caused it."""
    seen: set[int] = set()
    waiting = [error]
    while waiting and len(seen) < _CHAIN:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += current.exceptions if isinstance(current, BaseExceptionGroup) else ()
        cause = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        waiting += [cause] if cause is not None else []


def _one(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return {"error": message_of(error), "at": [f"{_place(f.filename)}:{f.lineno} {f.name}" for f in frames]}


def _place(filename: str) -> str:
    path = Path(filename)
    if "site-packages" in path.parts:
        return "/".join(path.parts[path.parts.index("site-packages") + 1 :])
    return str(path.relative_to(_ROOT)) if path.is_relative_to(_ROOT) else path.name
