"""Makes the log ready to be written: its layout and all indexes of the write side."""

from collections.abc import Awaitable
from typing import Any, Protocol

from pymongo.asynchronous.database import AsyncDatabase

from twinpath.log.layout import fix_partitions


class Kept(Protocol):
    """What has indexes of its own."""

    def prepare(self) -> Awaitable[None]:
        """Make them where they are missing. Raises Unavailable."""


async def prepare_log(log: AsyncDatabase[dict[str, Any]], partitions: int, *of_write_side: Kept) -> None:
    """Make the layout and the indexes of what is kept; may be called again at any time.

    Raises:
        LayoutMismatch: the log was created with another number of partitions.
        Unavailable, PyMongoError: MongoDB does not answer.
    """
    await fix_partitions(log, partitions)
    for kept in of_write_side:
        await kept.prepare()
