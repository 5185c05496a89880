"""The MongoDB client as every service opens it: with time limits, so that a store that hangs is noticed."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pymongo.lock
from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.asynchronous.pool import AsyncConnection
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.monitoring import CommandListener
from pymongo.read_concern import ReadConcern

from twinpath.errors import Unavailable

MAJORITY = ReadConcern("majority")
DURABLE = WriteConcern("majority", j=True, wtimeout=10_000)
_CODEC: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)

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


def durable_database(client: AsyncMongoClient[dict[str, Any]], name: str) -> AsyncDatabase[dict[str, Any]]:
    """A database read at majority from the primary, written durably to a majority; times are in UTC."""
    return client.get_database(
        name,
        codec_options=_CODEC,
        read_preference=ReadPreference.PRIMARY,
        read_concern=MAJORITY,
        write_concern=DURABLE,
    )


@contextmanager
def unavailable(what: str) -> Iterator[None]:
    """Turn the driver's errors into Unavailable: `what` says which part of it is away, and how."""
    try:
        yield
    except PyMongoError as error:
        raise Unavailable(f"{what}: {driver_message(error)}") from error


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
