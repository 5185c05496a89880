"""The MongoDB client as every service opens it: with time limits, so that a store that hangs is noticed."""

from typing import Any

from pymongo import AsyncMongoClient


def mongo_client(url: str, service: str) -> AsyncMongoClient[dict[str, Any]]:
    """A client that connects when first used. What the URL itself says of time limits wins."""
    return AsyncMongoClient(
        url,
        appname=f"twinpath-{service}",
        tz_aware=True,
        **{name: value for name, value in _LIMITS.items() if name.lower() not in url.lower()},
    )


_LIMITS: dict[str, Any] = {
    "serverSelectionTimeoutMS": 2_000,
    "connectTimeoutMS": 2_000,
    "socketTimeoutMS": 15_000,
    "heartbeatFrequencyMS": 2_000,
    "maxPoolSize": 100,
}
