"""What keeps tests apart on shared servers: a name, and a vhost, both removed afterwards with all that is theirs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx
from pymongo import MongoClient
from redis import Redis

from tests.support.provided.servers import RabbitMQAddress, SharedServers


@contextmanager
def own_name(servers: SharedServers) -> Iterator[str]:
    """A short name that nothing else has; databases and Redis keys that start with it are removed afterwards."""
    name = f"t{uuid4().hex[:10]}"
    yield name
    _remove_databases(servers, name)
    _remove_keys(servers, name)


@contextmanager
def own_vhost(rabbitmq: RabbitMQAddress, name: str) -> Iterator[str]:
    """The address of a fresh RabbitMQ vhost, deleted afterwards."""
    address = urlsplit(rabbitmq.url)
    with httpx.Client(base_url=rabbitmq.management_url, timeout=30) as api:
        api.put(f"/api/vhosts/{name}").raise_for_status()
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        api.put(f"/api/permissions/{name}/{address.username}", json=everything).raise_for_status()
        yield urlunsplit(address._replace(path=f"/{name}"))
        api.delete(f"/api/vhosts/{name}").raise_for_status()


def _remove_databases(servers: SharedServers, prefix: str) -> None:
    if servers.is_in_use("mongodb"):
        with MongoClient[dict[str, Any]](servers.url("mongodb")) as client:
            for name in client.list_database_names():
                if name.startswith(prefix):
                    client.drop_database(name)


def _remove_keys(servers: SharedServers, prefix: str) -> None:
    if servers.is_in_use("redis"):
        with Redis.from_url(servers.url("redis")) as client:
            for key in client.scan_iter(match=f"{prefix}*", count=1000):
                client.unlink(key)
