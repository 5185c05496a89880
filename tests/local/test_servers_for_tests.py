"""The servers that tests run on: shared ones answer, private ones can be hurt and come back with their data."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import httpx
import pytest
from pymongo import MongoClient
from redis import Redis
from redis.exceptions import RedisError

from deploy.local.mongodb import MongoDB
from tests.support.provided.servers import RabbitMQAddress, RabbitMQServer, Server


def test_shared_mongodb_takes_transactions(mongodb_url: str, unique: str) -> None:
    with MongoClient[dict[str, Any]](mongodb_url) as client, client.start_session() as session:
        with session.start_transaction():
            client[unique].notes.insert_one({"_id": 1}, session=session)
        assert client[unique].notes.count_documents({}) == 1


def test_shared_redis_answers(redis_url: str, unique: str) -> None:
    with Redis.from_url(redis_url) as client:
        client.set(f"{unique}:key", "value")
        assert client.get(f"{unique}:key") == b"value"


async def test_a_vhost_is_fresh_and_usable(rabbitmq_url: str, rabbitmq: RabbitMQAddress, unique: str) -> None:
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        await channel.declare_queue("q")
    assert urlsplit(rabbitmq_url).path == f"/{unique}"
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{rabbitmq.management_url}/api/vhosts/{unique}")).status_code == 200


def test_private_redis_keeps_its_data_across_a_stop(private_redis: Callable[[], Server]) -> None:
    server = private_redis()
    with Redis.from_url(server.url) as client:
        client.set("key", "value")
    server.stop()
    with Redis.from_url(server.url) as client, pytest.raises(RedisError):
        client.ping()
    server.start()
    with Redis.from_url(server.url) as client:
        assert client.get("key") == b"value"


def test_a_paused_redis_is_silent_until_resumed(private_redis: Callable[[], Server]) -> None:
    server = private_redis()
    server.pause()
    with Redis.from_url(server.url, socket_timeout=0.3) as client, pytest.raises(RedisError):
        client.ping()
    server.resume()
    with Redis.from_url(server.url, socket_timeout=5) as client:
        assert client.ping()


def test_private_mongodb_keeps_its_data_across_a_kill(private_mongodb: Callable[..., MongoDB]) -> None:
    server = private_mongodb()
    with MongoClient[dict[str, Any]](server.url, w="majority", journal=True) as client:
        client["d"].notes.insert_one({"_id": 1})
        server.kill()
        server.start()
        assert client["d"].notes.count_documents({}) == 1


def test_three_members_elect_a_new_primary(private_mongodb: Callable[..., MongoDB]) -> None:
    server = private_mongodb(members=3, election_timeout_ms=1_000)
    first = server.primary()
    with MongoClient[dict[str, Any]](server.url, w=3) as client:
        client["d"].notes.insert_one({"_id": 0})  # every member takes part, so that two of them are a majority
    first.kill()
    with MongoClient[dict[str, Any]](server.url, w="majority") as client:
        client["d"].notes.insert_one({"_id": 1})
    second = server.primary()
    assert second is not first
    second.pause()
    first.start()
    assert server.primary() is not second
    second.resume()


def test_private_rabbitmq_restarts_with_its_queues_and_wipes_without(
    private_rabbitmq: Callable[[], RabbitMQServer],
) -> None:
    server = private_rabbitmq()
    queue = f"{server.management_url}/api/queues/%2F/q"
    httpx.put(queue, json={"durable": True, "arguments": {"x-queue-type": "quorum"}}).raise_for_status()
    server.stop()
    server.start()
    assert httpx.get(queue).status_code == 200
    server.wipe()
    assert httpx.get(queue).status_code == 404
