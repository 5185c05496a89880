"""How many partitions each category's log has: set when the log is created, the same for ever after.

A stream lives in the log that its name hashes to, so another number of partitions would look for it elsewhere.
"""

from pymongo.asynchronous.database import AsyncDatabase

from twinpath.errors import TwinpathError, Unavailable
from twinpath.log.commits import Document
from twinpath.running.data_version import expect_data_version, raise_data_version

_KEYED = "keyed_fingerprints"


class LayoutMismatch(TwinpathError):
    """The settings ask for another number of partitions than the log was created with."""

    code = "layout_mismatch"


async def fix_partitions(database: AsyncDatabase[Document], partitions: int) -> int:
    """Create the layout with this many partitions, or check that it has as many.

    Raises:
        LayoutMismatch: the log was created with another number.
        DataTooNew: a later release has written it.
    """
    await expect_data_version(database)
    fresh = {"partitions": partitions, _KEYED: True}
    await database["layout"].update_one({"_id": "log"}, {"$setOnInsert": fresh}, upsert=True)
    stored = await read_partitions(database)
    assert stored is not None, "it was just made"
    compare_partitions(stored, partitions)
    await raise_data_version(database)
    return stored


async def fingerprints_are_keyed(database: AsyncDatabase[Document]) -> bool:
    """Whether no replica of version 0.1.0 works on this log: it would take a keyed fingerprint for another command's.

    Raises PyMongoError.
    """
    layout = await database["layout"].find_one({"_id": "log"})
    return layout is None or bool(layout.get(_KEYED))


async def key_fingerprints(database: AsyncDatabase[Document]) -> None:
    """Note that this is so from now on. Raises PyMongoError."""
    await database["layout"].update_one({"_id": "log"}, {"$set": {_KEYED: True}})


def compare_partitions(stored: int, partitions: int) -> None:
    """Raises LayoutMismatch unless they are the same."""
    if stored != partitions:
        raise LayoutMismatch(
            f"TWINPATH_PARTITIONS is {partitions}, but this log was created with {stored} partitions a category, "
            f"and that can't change: set TWINPATH_PARTITIONS={stored}"
        )


async def expect_partitions(database: AsyncDatabase[Document], partitions: int) -> None:
    """Check that the log exists and has this many partitions.

    Raises:
        LayoutMismatch: it has another number.
        DataTooNew: a later release has written it.
        Unavailable: there is no log yet.
        PyMongoError: MongoDB does not answer.
    """
    stored = await read_partitions(database)
    if stored is None:
        raise Unavailable("there is no log yet: the command service makes it when it starts, or `twinpath init`")
    compare_partitions(stored, partitions)


async def read_partitions(database: AsyncDatabase[Document]) -> int | None:
    """The number of partitions a category, or None before the command service has created the log.

    Raises:
        DataTooNew: a later release has written it.
        PyMongoError: MongoDB does not answer.
    """
    await expect_data_version(database)
    layout = await database["layout"].find_one({"_id": "log"})
    return None if layout is None else int(layout["partitions"])
