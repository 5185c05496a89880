"""What can go wrong with RabbitMQ while it is used, each as one function on the broker and the system that uses it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aio_pika
import httpx
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import AMQPError
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from shared.events import CATALOGUE
from tests.support.eventually import eventually
from tests.support.provided.servers import RabbitMQServer
from tests.support.services.system import System
from twinpath.ids import logs_of
from twinpath.mongo_client import mongo_client
from twinpath.projecting.groups import VIEWS

QUEUES = [f"twinpath.{VIEWS}.{log}" for log in logs_of(CATALOGUE.categories, 4)]
_ACKNOWLEDGEMENT_MS = 2_000

Until = Callable[[], Awaitable[None]]
"""Waits until the fault has shown."""


async def restarted(rabbitmq: RabbitMQServer, _: System, until: Until) -> None:
    """The broker is stopped and started in an orderly way."""
    await asyncio.to_thread(rabbitmq.stop)
    await until()
    await asyncio.to_thread(rabbitmq.start)


async def killed(rabbitmq: RabbitMQServer, _: System, until: Until) -> None:
    """The broker is killed."""
    await asyncio.to_thread(rabbitmq.kill)
    await until()
    await asyncio.to_thread(rabbitmq.start)


async def wiped(rabbitmq: RabbitMQServer, _: System, until: Until) -> None:
    """The broker comes back without its disk: no queue, no message, no exchange."""
    await asyncio.to_thread(rabbitmq.wipe)
    await until()


async def connections_closed(rabbitmq: RabbitMQServer, _: System, until: Until) -> None:
    """The broker closes every connection, as an operator may tell it to."""
    await asyncio.to_thread(rabbitmq.control, "close_all_connections", "a test closes them")
    await until()


async def queues_deleted(rabbitmq: RabbitMQServer, _: System, until: Until) -> None:
    """The queues are deleted, with what is in them: the broker cancels every consumer, while the connection stays."""
    async with await aio_pika.connect(rabbitmq.url) as connection:
        channel = await connection.channel()
        for queue in QUEUES:
            await channel.queue_delete(queue)
    await until()


async def publishers_blocked(rabbitmq: RabbitMQServer, _: System, until: Until) -> None:
    """The broker's memory alarm goes off: it takes nothing from anyone."""
    await asyncio.to_thread(rabbitmq.control, "set_vm_memory_high_watermark", "absolute", "1MB")
    await until()
    await asyncio.to_thread(rabbitmq.control, "set_vm_memory_high_watermark", "0.4")


async def handler_too_slow(rabbitmq: RabbitMQServer, system: System, until: Until) -> None:
    """The projector can't commit for longer than the broker waits for an acknowledgement: its channels are closed."""
    limit = "application:set_env(rabbit, consumer_timeout, {}), application:set_env(rabbit, channel_tick_interval, {})."
    await asyncio.to_thread(rabbitmq.control, "eval", limit.format(_ACKNOWLEDGEMENT_MS, 500))
    await asyncio.to_thread(rabbitmq.control, "close_all_connections", "so that the limit counts")
    async with no_commits(system):
        await until()
    await asyncio.to_thread(rabbitmq.control, "eval", limit.format(1_800_000, 60_000))


async def queues_hogged(rabbitmq: RabbitMQServer, _: System, until: Until) -> None:
    """Somebody else becomes the one active consumer of every queue, takes each message and acknowledges none."""
    async with await aio_pika.connect(rabbitmq.url) as connection, httpx.AsyncClient() as api:
        channel = await connection.channel()
        for queue in QUEUES:
            await (await channel.get_queue(queue)).consume(_keep)  # waits, as the projector's consumer is active
        hog: Any = await channel.get_underlay_channel()

        async def closed() -> bool:
            known = (await api.get(f"{rabbitmq.management_url}/api/connections")).raise_for_status().json()
            ours = [one["name"] for one in known if one.get("user_provided_name", "").endswith(f": {VIEWS}")]
            for name in ours:
                await api.delete(f"{rabbitmq.management_url}/api/connections/{quote(name)}")
            return bool(ours)

        async def some_are_freed() -> bool:
            return len(hog.consumers) < len(QUEUES)

        await eventually(closed)
        await until()
        await eventually(some_are_freed, limit=120)


async def _keep(message: AbstractIncomingMessage) -> None:
    """Acknowledge nothing."""


async def consumed(rabbitmq: RabbitMQServer) -> bool:
    """Whether every queue has a consumer and nothing waits in it."""
    try:
        async with await aio_pika.connect(rabbitmq.url) as connection:
            channel = await connection.channel()
            declared = [(await channel.declare_queue(queue, passive=True)).declaration_result for queue in QUEUES]
    except (AMQPError, OSError):
        return False
    return all(queue.consumer_count and not queue.message_count for queue in declared)


@asynccontextmanager
async def no_commits(system: System) -> AsyncIterator[None]:
    """Another transaction holds checkpoints of every ticket and product log, so that the projector can't commit."""
    client: AsyncMongoClient[Any]
    async with mongo_client(system.mongodb_url, "test") as client, client.start_session() as session:
        checkpoints = client[system.settings["TWINPATH_VIEWS_DATABASE"]]["checkpoints"]

        async def held() -> bool:
            await session.start_transaction()
            try:
                await checkpoints.update_many(
                    {"_id": {"$regex": "/(ticket|product)"}}, {"$set": {"held": True}}, session=session
                )
            except OperationFailure:  # the projector was first
                await session.abort_transaction()
                return False
            return True

        await eventually(held)
        yield
        await session.abort_transaction()


FAULTS = [
    connections_closed,
    queues_deleted,
    queues_hogged,
    publishers_blocked,
    handler_too_slow,
    restarted,
    killed,
    wiped,
]
