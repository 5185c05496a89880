"""The composition root of the command service: the only file that chooses its adapters."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from fastapi import FastAPI
from pymongo.errors import PyMongoError

from command_service.app import create_app
from command_service.command_bus import CommandBus
from command_service.domain.ticket import TICKET
from command_service.relay import Relay
from command_service.relay_progress import RelayProgress
from command_service.settings import Settings
from shared.errors import Unavailable
from shared.event_feed.rabbit_publisher import RabbitPublisher
from shared.event_store.layout import fix_partitions
from shared.event_store.mongo import MongoEventStore
from shared.events.catalogue import CATALOGUE
from shared.ids import logs_of, uuid7
from shared.mongo_client import mongo_client

DECIDERS = [TICKET]

_log = structlog.get_logger(__name__)


def bootstrap(settings: Settings) -> FastAPI:
    """The app, whose lifespan prepares the log, runs the relay and drains both at the end."""
    client = mongo_client(settings.mongodb_url, "command")
    patience = settings.append_patience_seconds
    store = MongoEventStore(client, settings.log_database, CATALOGUE.categories, settings.partitions, patience)
    publisher = RabbitPublisher(settings.rabbitmq_url)
    progress = RelayProgress(client, settings.log_database, uuid7(), settings.relay_lease_seconds)
    logs = logs_of(CATALOGUE.categories, settings.partitions)
    relay = Relay(store, publisher, progress, logs, settings.relay_lease_seconds)

    async def prepare() -> None:
        """Outlast a database that is not there yet; a wrong number of partitions ends the process with its message."""
        while True:
            try:
                await fix_partitions(client[settings.log_database], settings.partitions)
                return await store.prepare()
            except (PyMongoError, Unavailable) as error:
                _log.warning("waiting_for_mongodb", error=str(error))
                await asyncio.sleep(1.0)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await prepare()
        relaying = asyncio.create_task(relay.run(), name="relay")
        yield
        await store.close()
        relaying.cancel()
        with suppress(asyncio.CancelledError):
            await relaying
        await publisher.close()
        await client.close()

    async def mongodb() -> None:
        await client.admin.command("ping")

    async def rabbitmq() -> Mapping[str, Any]:
        await publisher.ping()
        return {"relay": {"leads": relay.leads, "published": relay.positions, "troubles": relay.troubles}}

    bus = CommandBus(store, DECIDERS, CATALOGUE, settings.cached_aggregates)
    return create_app(bus, {"mongodb": mongodb}, {"rabbitmq": rabbitmq}, lifespan)
