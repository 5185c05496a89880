"""RabbitMQ and Redis with the accounts of a deployment: each service works with its own, and not beyond it."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

import aio_pika
import pytest
from aio_pika.exceptions import ProbableAuthenticationError
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError
from structlog.testing import capture_logs

from tests.support.eventually import eventually
from tests.support.provided.servers import RabbitMQAddress, RabbitMQServer, Server
from twinpath.clock import utc_now
from twinpath.domain.events import RecordedEvent
from twinpath.domain.views import Cached
from twinpath.errors import TooMany, Unavailable
from twinpath.feed.rabbit_feed import RabbitFeed
from twinpath.feed.rabbit_publisher import RabbitPublisher
from twinpath.identity.rates import CallerRates
from twinpath.projecting.groups import VIEWS
from twinpath.projecting.outside_events import EXCHANGE as OUTSIDE
from twinpath.servers.accounts import Passwords
from twinpath.servers.rabbitmq import UNCLAIMED, definitions, import_definitions, topology
from twinpath.servers.redis import acl
from twinpath.views.redis.cache import RedisViewCache

PASSWORDS = Passwords(
    rabbitmq_admin_password=SecretStr("admin"),
    redis_admin_password=SecretStr("redis-admin"),
    command_password=SecretStr("command"),
    projector_password=SecretStr("projector"),
    query_password=SecretStr("query"),
    tools_password=SecretStr("tools"),
)
LOG = "ticket.0"
EVENT = RecordedEvent("ticket.note_added", 1, {"note": "n"}, "ticket-1", 1, LOG, 1, utc_now(), "a", "c")


async def test_on_the_broker_the_command_service_publishes_and_the_projector_follows(
    private_rabbitmq: Callable[[], RabbitMQServer],
) -> None:
    broker = await asyncio.to_thread(private_rabbitmq)
    told = definitions(PASSWORDS, ["fulfilment"])
    for _ in range(2):  # the second time changes nothing
        await asyncio.to_thread(import_definitions, broker.management_url, told)
    host = urlsplit(broker.url).netloc.rpartition("@")[2]

    def url(account: str) -> str:
        return f"amqp://{account}:{account}@{host}/twinpath"

    seen: list[int] = []

    async def follow(log: str, events: list[RecordedEvent]) -> None:
        seen.extend(event.position for event in events)

    some = {LOG: {EVENT.type, "ticket.closed"}}
    feeds = [RabbitFeed(url("projector"), VIEWS, [LOG]), RabbitFeed(url("command"), "fulfilment", some)]
    publisher, forger = RabbitPublisher(url("command")), RabbitPublisher(url("projector"))
    outside = RabbitPublisher(url("projector"), OUTSIDE)
    try:
        for feed in feeds:
            await feed.start(follow)

        async def follows() -> bool:
            return all(feed.consumers()[LOG] for feed in feeds)

        await eventually(follows)
        await publisher.publish(LOG, [EVENT])

        async def arrived() -> bool:
            return seen == [1, 1]

        await eventually(arrived)
        await outside.publish_each([("ticket.opened", aio_pika.Message(b"{}"))])
        assert await waiting(url("admin"), UNCLAIMED) == 1
        with pytest.raises(Unavailable, match="refused"):
            await forger.publish(LOG, [EVENT])
        with pytest.raises(ProbableAuthenticationError):
            await aio_pika.connect(url("query"))
    finally:
        for one in (publisher, forger, outside):
            await one.close()
        for feed in feeds:
            await feed.stop()


async def waiting(url: str, name: str) -> int:
    """How many messages are in a queue."""
    async with await aio_pika.connect(url) as connection:
        queue = await (await connection.channel()).get_queue(name)
        return queue.declaration_result.message_count or 0


async def test_events_that_nobody_listens_to_are_none_that_are_lost_also_where_the_exchange_was_there_before(
    rabbitmq: RabbitMQAddress, rabbitmq_url: str
) -> None:
    outside, vhost = RabbitPublisher(rabbitmq_url, OUTSIDE), urlsplit(rabbitmq_url).path.removeprefix("/")
    await outside.ping()  # an earlier version has made it, without any argument
    await asyncio.to_thread(import_definitions, rabbitmq.management_url, topology(vhost, ["fulfilment"]))
    heard = "somebody"
    async with await aio_pika.connect(rabbitmq_url) as connection:
        queue = await (await connection.channel()).declare_queue(heard)
        await queue.bind(OUTSIDE, "order.*")
        events = [("order.placed", aio_pika.Message(b"{}"))] * 3 + [("ticket.opened", aio_pika.Message(b"{}"))] * 1_100
        await outside.publish_each(events)

        async def each_where_it_belongs() -> bool:
            return [await waiting(rabbitmq_url, name) for name in (heard, UNCLAIMED)] == [3, 1_000]

        await eventually(each_where_it_belongs)
        await outside.ping()  # what made the exchange still finds it as it wants it
    await outside.close()


@pytest.fixture
async def guarded_redis(private_redis: Callable[[], Server]) -> str:
    """Host and port of a Redis with the accounts of a deployment."""
    url = (await asyncio.to_thread(private_redis)).url
    async with Redis.from_url(url) as admin:
        for line in reversed(acl(PASSWORDS, "twinpath")):  # the default user, which we are, last
            _, name, *rules = line.split()
            await admin.execute_command("ACL", "SETUSER", name, *rules)  # type: ignore[no-untyped-call]
        assert await admin.ping()
        with pytest.raises(NoPermissionError):
            await admin.get("twinpath:{orders}:1")
    return urlsplit(url).netloc


async def test_in_redis_all_services_count_their_callers_together_and_the_command_service_does_nothing_else(
    guarded_redis: str,
) -> None:
    services = ("command", "query", "projector")
    counting = [
        CallerRates(
            "6/hour", redis_url=f"redis://{name}:{name}@{guarded_redis}/0", prefix="twinpath", redis_timeout=30.0
        )
        for name in (*services, "command")
    ]
    with capture_logs() as lines:
        for rates in (*counting[:3], *counting[:3]):
            await rates.take("ada", is_known=True)
        for rates in counting:
            with pytest.raises(TooMany):
                await rates.take("ada", is_known=True)
            await rates.close()
    assert lines == []  # nobody counted alone, for want of a right

    async with Redis.from_url(f"redis://command:command@{guarded_redis}/0") as command:
        for attempt in (
            command.get("twinpath:{orders}:1"),
            command.set("twinpath:{orders}:1", "x"),
            command.set("other:rates:1", "x"),
            command.delete("twinpath:rates:1"),
            command.keys("*"),
            command.eval("return redis.call('get', KEYS[1])", 1, "twinpath:{orders}:1"),
        ):
            with pytest.raises(NoPermissionError):
                await attempt
    async with Redis.from_url(f"redis://query:query@{guarded_redis}/0") as query:
        script = await query.script_load("return redis.call('set', KEYS[1], 'x')")
        with pytest.raises((NoPermissionError, ResponseError)):
            await query.evalsha(script, 1, "twinpath:{orders}:1")


async def test_in_redis_the_projector_writes_the_copy_and_the_query_service_only_reads_it(guarded_redis: str) -> None:
    host = guarded_redis
    async with (
        Redis.from_url(f"redis://projector:projector@{host}/0") as projector,
        Redis.from_url(f"redis://query:query@{host}/0") as query,
        Redis.from_url(f"redis://query:wrong@{host}/0") as stranger,
    ):
        copy, seen = RedisViewCache(projector, "twinpath"), RedisViewCache(query, "twinpath")
        await copy.adopt("orders", {"order.0": 0})
        assert await copy.write("orders", {"order.0": (0, 1)}, [Cached("1", 1, '"e"', b"{}")], [])
        await copy.begin_fill("orders", "token")
        assert await copy.fill("orders", "token", [Cached("2", 1, '"e"', b"{}")], last=False)

        assert await seen.get("orders", "1") == Cached("1", 1, '"e"', b"{}")
        assert len(await seen.get_many("orders", ["1", "2"])) == 2
        assert await seen.positions("orders") == {"order.0": 1}
        for attempt in (seen.adopt("orders", {"order.0": 9}), seen.write("orders", {"order.0": (1, 2)}, [], ["1"])):
            with pytest.raises(Unavailable, match="permission"):
                await attempt
        for client in (projector, query):
            with pytest.raises(NoPermissionError):
                await client.get("somebody-elses")
            with pytest.raises(NoPermissionError):
                await client.flushall()
        with pytest.raises(AuthenticationError):
            await stranger.get("twinpath:{orders}:1")
