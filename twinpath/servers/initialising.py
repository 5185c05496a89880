"""Makes fresh servers ready for the services, and changes nothing where that is done: what `twinpath init` does."""

import asyncio
from collections.abc import AsyncIterator
from urllib.error import URLError

from pymongo.errors import PyMongoError

from twinpath.commands.preparing import prepare_log
from twinpath.commands.processes.mongo_timers import MongoTimers
from twinpath.commands.processes.parking import process_parking
from twinpath.commands.processes.registry import process_names
from twinpath.domain.application import Application
from twinpath.errors import Unavailable
from twinpath.identity.audit.mongo import MongoAuditLog
from twinpath.log.mongodb import MongoEventStore
from twinpath.mongo_client import mongo_client
from twinpath.personal_data.mongo import MongoKeyStore
from twinpath.servers.accounts import Account
from twinpath.servers.mongodb import make_accounts, make_replica_set, patiently
from twinpath.servers.rabbitmq import definitions, import_definitions
from twinpath.servers.settings import Settings


async def initialise(settings: Settings, application: Application, patience: float = 90.0) -> AsyncIterator[str]:
    """Do it step by step and say what is done.

    Waits up to `patience` seconds for each server.

    Raises:
        PyMongoError, Unavailable, Refused, WrongPassword: a server does not answer, or refuses.
        LayoutMismatch: the log was created with another number of partitions.
    """
    url, members = settings.mongodb_url, [member for member in settings.replica_set_members.split(",") if member]
    if members:
        await patiently(patience, PyMongoError)(make_replica_set, url, members)
        yield f"replica set of {', '.join(members)}"
    client = mongo_client(url, "init")
    databases = (settings.log_database, settings.keys_database, settings.views_database, settings.identity_database)
    try:
        accounts: list[Account] = await patiently(patience, PyMongoError)(make_accounts, client, settings, *databases)
        yield f"MongoDB accounts: {', '.join(accounts) or 'none, as no password is set'}"
        timers, parking = MongoTimers(client, databases[0]), process_parking(client, databases[0])
        keys = MongoKeyStore(client, databases[1])
        store = MongoEventStore(client, databases[0], application.events.categories, settings.partitions)
        await prepare_log(client[databases[0]], settings.partitions, timers, parking, keys, store)
        await MongoAuditLog(client, databases[3]).prepare()
        yield f"log and indexes, {settings.partitions} partitions a category"
    finally:
        await client.close()
    if settings.rabbitmq_management_url:
        wanted = definitions(settings, process_names(application))
        importing = patiently(patience, URLError, ConnectionError)
        try:
            address, authorities = settings.rabbitmq_management_url, settings.servers_ca_file
            await importing(asyncio.to_thread, import_definitions, address, wanted, authorities)
        except (URLError, ConnectionError) as error:
            why = getattr(error, "reason", error)
            raise Unavailable(f"RabbitMQ's management API does not answer: {why}") from error
        yield "RabbitMQ's users, permissions, exchanges and policies"
