"""Makes the log ready to be written: its layout and all indexes of the write side."""

from typing import Any

from pymongo import AsyncMongoClient

from command_service.schedule import MongoSchedule
from shared.event_store.layout import fix_partitions
from shared.event_store.mongo import MongoEventStore
from shared.events.catalogue import CATALOGUE
from shared.personal_data.mongo import MongoKeyStore


async def prepare_log(
    client: AsyncMongoClient[dict[str, Any]], log_database: str, keys_database: str, partitions: int
) -> None:
    """May be called again at any time.

    Raises:
        LayoutMismatch: the log was created with another number of partitions.
        Unavailable, PyMongoError: MongoDB does not answer.
    """
    await fix_partitions(client[log_database], partitions)
    await MongoSchedule(client, log_database).prepare()
    await MongoKeyStore(client, keys_database).prepare()
    await MongoEventStore(client, log_database, CATALOGUE.categories, partitions).prepare()
