"""Whether the command service would start with these settings."""

from collections.abc import Sequence

from twinpath.checking.mongodb import WRITE, replica_set, rights
from twinpath.checking.report import CheckUp
from twinpath.commands.processes.places import processes_database_name
from twinpath.commands.settings import Settings
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.log.layout import compare_partitions, read_partitions
from twinpath.mongo_client import mongo_client


def checks(settings: Settings) -> Sequence[tuple[str, CheckUp]]:
    """By name, in the order in which a failure explains the next."""

    async def mongodb() -> str:
        async with mongo_client(settings.mongodb_url, "check") as client:
            return await replica_set(client)

    async def may() -> str:
        processes = processes_database_name(settings.log_database)
        databases = (settings.log_database, settings.keys_database, processes)
        async with mongo_client(settings.mongodb_url, "check") as client:
            return await rights(client, dict.fromkeys(databases, WRITE))

    async def layout() -> str:
        async with mongo_client(settings.mongodb_url, "check") as client:
            partitions = await read_partitions(client[settings.log_database])
        if partitions is None:
            return f"no log yet: it will be made with {settings.partitions} partitions a category"
        compare_partitions(partitions, settings.partitions)
        return f"{partitions} partitions a category"

    async def rabbitmq() -> str:
        publisher = RabbitPublisher(settings.rabbitmq_url)
        try:
            await publisher.ping()
        finally:
            await publisher.close()
        return "answers, and lets the log be published"

    return [("mongodb", mongodb), ("rights", may), ("layout", layout), ("rabbitmq", rabbitmq)]
