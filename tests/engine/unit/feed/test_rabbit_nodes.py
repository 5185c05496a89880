"""The address of the broker may name several nodes; each connection has a name."""

import asyncio
import os
from urllib.parse import parse_qs, urlsplit

import pytest
from aio_pika.exceptions import AMQPConnectionError

from deploy.local.ports import HOST, hold_ports
from tests.support.eventually import eventually
from twinpath.feed.rabbit_nodes import HEARTBEAT_SECONDS, RabbitNodes, places_of


@pytest.mark.parametrize(
    ("url", "places"),
    [
        ("amqp://rabbitmq", ["rabbitmq:5672"]),
        ("amqp://a:b@rabbitmq/", ["rabbitmq:5672"]),
        ("amqps://a:b@one,two:1,three/shop", ["one:5671", "two:1", "three:5671"]),
        ("amqp://a:b,c%40d@one:1,two:2/", ["one:1", "two:2"]),
        ("amqp://a:b@[::1]:5672,[fe80::2]/", ["[::1]:5672", "[fe80::2]:5672"]),
    ],
)
def test_an_address_names_one_node_or_several(url: str, places: list[str]) -> None:
    assert places_of(url) == places


@pytest.mark.parametrize(
    "url", ["amqp://", "amqp://,", "amqp://a,,b", "amqp://a:b:c/", "amqp://a:0/", "amqp://a:70000/", "amqp://a b/"]
)
def test_what_is_no_address_is_refused_without_a_password(url: str) -> None:
    with pytest.raises(ValueError, match="the address of RabbitMQ is not") as refused:
        RabbitNodes(url.replace("//", "//user:geheim@"), "command", "relay")
    assert "geheim" not in str(refused.value)


def test_each_node_has_the_login_the_vhost_a_name_and_a_heartbeat() -> None:
    nodes = RabbitNodes("amqp://user:pass@one:1,two:2/shop?x=y", "command", "publishes to twinpath.log")
    found = set()
    for _ in range(2):
        url = urlsplit(nodes.url)
        found.add((url.username, url.password, url.hostname, url.port, url.path))
        query = parse_qs(url.query)
        assert query["heartbeat"] == [str(HEARTBEAT_SECONDS)]
        assert query["x"] == ["y"]
        assert query["name"][0].startswith("command on ")
        assert query["name"][0].endswith(f", process {os.getpid()}: publishes to twinpath.log")
        nodes.try_next()
    assert found == {("user", "pass", "one", 1, "/shop"), ("user", "pass", "two", 2, "/shop")}


def test_an_address_may_have_a_heartbeat_of_its_own() -> None:
    assert parse_qs(urlsplit(RabbitNodes("amqp://one/?heartbeat=60", "command", "relay").url).query)["heartbeat"] == [
        "60"
    ]


async def test_the_first_that_answers_is_taken_and_a_node_that_hangs_costs_its_share_only() -> None:
    asked: list[int] = []
    left: list[int] = []

    async def hang(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(port)
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.append(port)

    async def all_left() -> bool:
        return left == asked

    ports = [port.number for port in hold_ports(2)]
    servers = [await asyncio.start_server(lambda r, w, p=port: hang(p, r, w), HOST, port) for port in ports]  # type: ignore[misc]
    nodes = RabbitNodes(f"amqp://a:b@{HOST}:{ports[0]},{HOST}:{ports[1]}/", "test", "nothing")
    first = urlsplit(nodes.url).port
    with pytest.raises(TimeoutError):
        await nodes.connect(0.4)
    assert asked == [first, *(port for port in ports if port != first)]
    assert urlsplit(nodes.url).port == first
    await eventually(all_left)
    for server in servers:
        server.close()
        await server.wait_closed()


async def test_when_none_answers_the_last_error_is_raised() -> None:
    [nobody] = hold_ports(1)
    nobody.lend()
    with pytest.raises(AMQPConnectionError):
        await RabbitNodes(f"amqp://a:b@{HOST}:{nobody.number}/", "test", "nothing").connect(5)
