"""Which version of the data a database holds: raised by a release whose data an older one would misread.

A release starts on data of every version up to its own, and refuses later ones: it would read them wrongly, or write
among them what their release no longer expects. See docs/guides/upgrade.md.
"""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from twinpath.errors import TwinpathError

DATA_VERSION = 1
"""The version that this release writes."""
_ID = "data"


class DataTooNew(TwinpathError):
    """A later release has written these data."""

    code = "data_too_new"


async def expect_data_version(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Check that this release can read a database; one that says nothing is empty, or of 0.1.0.

    Raises:
        DataTooNew: a later release has written it.
        PyMongoError: MongoDB does not answer.
    """
    layout = await database["layout"].find_one({"_id": _ID})
    if layout is not None and layout["version"] > DATA_VERSION:
        raise DataTooNew(
            f"the data in {database.name} are of version {layout['version']}, and this release reads up to version "
            f"{DATA_VERSION}: start the release that wrote them, or a later one"
        )


async def raise_data_version(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Note that this release writes to a database. Raises DataTooNew, PyMongoError."""
    await expect_data_version(database)
    # not $set: a replica of a later release may have raised it meanwhile
    await database["layout"].update_one({"_id": _ID}, {"$max": {"version": DATA_VERSION}}, upsert=True)
