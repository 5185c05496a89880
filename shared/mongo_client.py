"""The MongoDB client as every service opens it: with time limits, so that a store that hangs is noticed.

PyMongo 4.20 waits for a server with asyncio.wait_for around a condition. Before Python 3.12 that waits in a task
of its own; when the caller is cancelled just as the wait times out, this task takes the lock and nobody gives it back:
the client hangs for ever (seen with a killed mongod: commands had no answer after 60 seconds). Waiting within the
caller's task, as Python 3.12's wait_for does, mends it.
"""

import asyncio
import sys
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

import pymongo.lock
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.monitoring import CommandListener

_T = TypeVar("_T")


async def _wait_for(awaitable: Awaitable[_T], timeout: float | None) -> _T:
    async with asyncio.timeout(timeout):
        return await awaitable


if sys.version_info < (3, 12):
    pymongo.lock.wait_for = _wait_for  # type: ignore[assignment,attr-defined]


def mongo_client(url: str, service: str, listeners: Sequence[CommandListener] = ()) -> AsyncMongoClient[dict[str, Any]]:
    """A client that connects when first used. What the URL itself says of time limits wins."""
    return AsyncMongoClient(
        url,
        appname=f"twinpath-{service}",
        tz_aware=True,
        event_listeners=listeners,
        **{name: value for name, value in _LIMITS.items() if name.lower() not in url.lower()},
    )


def said(error: PyMongoError) -> str:
    """What may be told of an error of the driver, in a log or to a client: of a refusal its code alone, since its
    message may quote a document; of a server that is away why, without the driver's view of all servers.
    """
    kind = type(error).__name__
    if isinstance(error, OperationFailure):
        name = (error.details or {}).get("codeName")
        return " ".join(str(part) for part in (kind, error.code, name) if part is not None)
    return f"{kind}: {str(error).partition(' (configured timeouts')[0].partition(', Timeout:')[0]}"


_LIMITS: dict[str, Any] = {
    "serverSelectionTimeoutMS": 2_000,
    "connectTimeoutMS": 2_000,
    "socketTimeoutMS": 15_000,
    "heartbeatFrequencyMS": 2_000,
    "maxPoolSize": 100,
}
