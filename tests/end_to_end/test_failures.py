"""The support desk while things break: nothing is lost, nothing comes twice."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import aio_pika
import pytest
from redis.asyncio import Redis

from deploy.local.mongodb import MongoDB
from tests.support.eventually import eventually
from tests.support.ledger import Ledger
from tests.support.servers import RabbitMQServer, Server
from tests.support.system import System


async def keep_writing(ledger: Ledger, enough: asyncio.Event) -> None:
    """Write until told that it is enough."""
    while not enough.is_set():
        await ledger.act()


@pytest.mark.parametrize("victim", ["projector", "command", "query"])
async def test_a_service_killed_again_and_again_in_mid_stream_loses_nothing(system: System, victim: str) -> None:
    async with system.client("command") as commands, system.client("query") as queries:
        ledger, enough = Ledger(commands), asyncio.Event()
        writing = asyncio.create_task(keep_writing(ledger, enough))
        for round_ in range(1, 4):
            await eventually(lambda wanted=40 * round_: booked(ledger, wanted))  # type: ignore[misc]
            await asyncio.to_thread(system[victim].kill)
            system[victim].start()
        await asyncio.to_thread(system[victim].wait_ready)
        enough.set()
        await writing

        await ledger.check(queries)


async def booked(ledger: Ledger, wanted: int) -> bool:
    return sum(ledger.tokens.values()) >= wanted


async def test_with_rabbitmq_away_commands_are_accepted_and_everything_arrives_when_it_is_back(
    make_system: Callable[..., System], private_rabbitmq: Callable[[], RabbitMQServer], mongodb_url: str, redis_url: str
) -> None:
    rabbitmq = private_rabbitmq()
    system = make_system(mongodb_url, rabbitmq.url, redis_url).start()
    async with system.client("command") as commands, system.client("query") as queries:
        ledger = Ledger(commands)
        for _ in range(20):
            await ledger.act()
        await asyncio.to_thread(rabbitmq.stop)
        for _ in range(40):
            await ledger.act()
        assert (await commands.get("/health/ready")).json()["status"] == "degraded"
        await asyncio.to_thread(rabbitmq.start)

        await ledger.check(queries)
        await asyncio.to_thread(system["projector"].wait_ready)


async def test_a_broker_whose_disk_was_wiped_costs_nothing_but_time(
    make_system: Callable[..., System], private_rabbitmq: Callable[[], RabbitMQServer], mongodb_url: str, redis_url: str
) -> None:
    rabbitmq = private_rabbitmq()
    system = make_system(mongodb_url, rabbitmq.url, redis_url).start("command", "query")
    async with system.client("command") as commands:
        ledger = Ledger(commands)
        for _ in range(40):
            await ledger.act()
        await asyncio.to_thread(rabbitmq.wipe)
        system.start("projector")
        for _ in range(20):
            await ledger.act()

        async with system.client("query") as queries:
            await ledger.check(queries)


async def test_a_flushed_redis_heals_by_itself(system: System, redis_url: str, unique: str) -> None:
    async with (
        system.client("command") as commands,
        system.client("query") as queries,
        Redis.from_url(redis_url) as redis,
    ):
        ledger = Ledger(commands)
        for _ in range(60):
            await ledger.act()
        await ledger.check(queries)
        details = f"{unique}:{{ticket_details}}:*"
        assert len([key async for key in redis.scan_iter(details)]) == len(ledger.tickets)

        await redis.delete(*[key async for key in redis.scan_iter(f"{unique}*")])
        await ledger.check(queries)

        async def refilled() -> bool:
            return len([key async for key in redis.scan_iter(details)]) == len(ledger.tickets)

        await eventually(refilled)
        for _ in range(20):
            await ledger.act()
        await ledger.check(queries)


async def test_with_redis_away_queries_go_on_and_come_back_to_it(
    make_system: Callable[..., System], private_redis: Callable[[], Server], mongodb_url: str, rabbitmq_url: str
) -> None:
    redis = private_redis()
    system = make_system(mongodb_url, rabbitmq_url, redis.url).start()
    async with system.client("command") as commands, system.client("query") as queries:
        ledger = Ledger(commands)
        for _ in range(30):
            await ledger.act()
        await ledger.check(queries)
        await asyncio.to_thread(redis.kill)
        for _ in range(30):
            await ledger.act()
        await ledger.check(queries)
        assert (await queries.get("/health/ready")).json()["status"] == "degraded"
        await asyncio.to_thread(redis.start)

        await ledger.check(queries)


async def test_with_mongodb_away_nothing_is_accepted_that_is_not_kept(
    make_system: Callable[..., System], private_mongodb: Callable[..., MongoDB], rabbitmq_url: str, redis_url: str
) -> None:
    mongodb = private_mongodb()
    system = make_system(mongodb.url, rabbitmq_url, redis_url).start()
    async with system.client("command") as commands, system.client("query") as queries:
        ledger, enough = Ledger(commands), asyncio.Event()
        writing = asyncio.create_task(keep_writing(ledger, enough))
        await eventually(lambda: booked(ledger, 40))
        await asyncio.to_thread(mongodb.kill)
        refused = await commands.post("/api/v1/tickets", json={"subject": "s", "message": "m"}, timeout=60)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        await asyncio.to_thread(mongodb.start)
        await eventually(lambda: booked(ledger, 80), limit=60)
        enough.set()
        await writing

        await _absorb(queries, ledger, "s")
        await ledger.check(queries)


async def _absorb(queries: Any, ledger: Ledger, subject: str) -> None:
    """The refused command may stand if its answer said that its outcome is unknown; then the ledger takes it in."""
    headers = {"Causal-Token": ledger.token}
    answer = await eventually(lambda: _page(queries, headers), limit=60)
    for row in answer["items"]:
        if row["subject"] == subject and row["ticket_id"] not in ledger.tickets:
            raise AssertionError("a command was refused as not written, but it was written")


async def _page(queries: Any, headers: dict[str, str]) -> Any:
    answer = await queries.get("/api/v1/tickets?limit=100", headers=headers)
    return answer.json() if answer.status_code == 200 else None


async def test_every_message_twice_and_in_random_order_changes_nothing(
    make_system: Callable[..., System], mongodb_url: str, rabbitmq_url: str, redis_url: str
) -> None:
    system = make_system(mongodb_url, rabbitmq_url, redis_url)
    system.start("command", "query")
    bodies: list[tuple[str, bytes]] = []
    async with await aio_pika.connect(rabbitmq_url) as connection, system.client("command") as commands:
        channel = await connection.channel()
        tap = await channel.declare_queue("tap", durable=True)
        await tap.bind("twinpath.log", routing_key="#")
        ledger = Ledger(commands)
        for _ in range(80):
            await ledger.act()
        while sum(len(aio_pika_events(body)) for _, body in bodies) < sum(ledger.tokens.values()):
            message = await tap.get(timeout=20, fail=False)
            if message is not None:
                await message.ack()
                bodies.append((message.routing_key or "", message.body))
        await tap.delete(if_unused=False, if_empty=False)
        projector = system.add("projector")
        await asyncio.to_thread(projector.wait_ready)
        shuffled = bodies * 2
        random.Random(3).shuffle(shuffled)
        exchange = await channel.get_exchange("twinpath.log")
        for log, body in shuffled:
            await exchange.publish(aio_pika.Message(body, content_type="application/json"), routing_key=log)

        async with system.client("query") as queries:
            await ledger.check(queries)


def aio_pika_events(body: bytes) -> list[Any]:
    import orjson

    events: list[Any] = orjson.loads(body)
    return events
