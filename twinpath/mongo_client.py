"""The MongoDB client as every service opens it: with time limits, so that a store that hangs is noticed."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pymongo.lock
from pymongo import AsyncMongoClient
from pymongo.asynchronous.pool import AsyncConnection
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.monitoring import CommandListener

# it has it by name, perhaps of a time before shared/wait_for
pymongo.lock.wait_for = asyncio.wait_for  # type: ignore[attr-defined]

# PyMongo 4.20 remembers of each connection whether it takes sessions: not when it was opened just as the server changed
# its part, as in a failover, although every MongoDB since 3.6 takes them. It then refused transactions for ever.
AsyncConnection.supports_sessions = property(lambda _: True, lambda *_: None)  # type: ignore[assignment]


def mongo_client(url: str, service: str, listeners: Sequence[CommandListener] = ()) -> AsyncMongoClient[dict[str, Any]]:
    """A client that connects when first used. What the URL itself says of time limits wins."""
    return AsyncMongoClient(
        url,
        appname=f"twinpath-{service}",
        tz_aware=True,
        event_listeners=listeners,
        **{name: value for name, value in _LIMITS.items() if name.lower() not in url.lower()},
    )


def driver_message(error: PyMongoError) -> str:
    """An error of the driver as a log or a client may have it: of a refusal its code alone, since its
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
