"""How many partitions each category's log has: set when the log is created, the same for ever after.

A stream lives in the log that its name hashes to, so another number of partitions would look for it elsewhere.
"""

import asyncio

import structlog
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from shared.errors import TwinpathError
from shared.event_store.commits import Document

_LOOK_SECONDS = 0.2

_log = structlog.get_logger(__name__)


class LayoutMismatch(TwinpathError):
    """The settings ask for another number of partitions than the log was created with."""

    code = "layout_mismatch"


async def fix_partitions(database: AsyncDatabase[Document], partitions: int) -> int:
    """Create the layout with this many partitions, or check that it has as many.

    Raises:
        LayoutMismatch: the log was created with another number.
    """
    await database["layout"].update_one({"_id": "log"}, {"$setOnInsert": {"partitions": partitions}}, upsert=True)
    found = await read_partitions(database)
    assert found is not None, "it was just made"
    _compare(found, partitions)
    return found


def _compare(found: int, partitions: int) -> None:
    if found != partitions:
        raise LayoutMismatch(
            f"TWINPATH_PARTITIONS is {partitions}, but this log was created with {found} partitions a category, "
            f"and that can't change: set TWINPATH_PARTITIONS={found}"
        )


async def expect_partitions(database: AsyncDatabase[Document], partitions: int) -> None:
    """Wait until the log exists, and check that it has this many partitions.

    Raises:
        LayoutMismatch: it has another number.
    """
    while True:
        try:
            found = await read_partitions(database)
        except PyMongoError as error:
            found = None
            _log.warning("waiting_for_mongodb", error=str(error))
        if found is not None:
            return _compare(found, partitions)
        await asyncio.sleep(_LOOK_SECONDS)


async def read_partitions(database: AsyncDatabase[Document]) -> int | None:
    """The number of partitions a category, or None before the command service has created the log."""
    layout = await database["layout"].find_one({"_id": "log"})
    return None if layout is None else int(layout["partitions"])
