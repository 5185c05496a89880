"""Reads a change stream of MongoDB in a way that can be ended."""

from collections.abc import AsyncIterator
from typing import Any

from pymongo.asynchronous.change_stream import AsyncChangeStream

from shared.ending import is_ending


async def changes_in(stream: AsyncChangeStream[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    """Each change, until the stream ends or the task that asks is to end, within a second even when its cancellation
    was swallowed (see is_ending). Raises PyMongoError."""
    while stream.alive and not is_ending():
        if (change := await stream.try_next()) is not None:
            yield change
