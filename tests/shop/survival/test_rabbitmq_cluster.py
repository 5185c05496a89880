"""A cluster of three RabbitMQ nodes, of which one at a time goes: nothing is lost, nothing comes twice."""

import asyncio
from collections.abc import Callable, Collection

import aio_pika
import httpx
import orjson

from deploy.local.rabbitmq import RabbitMQ
from deploy.local.rabbitmq_cluster import RabbitMQCluster
from tests.shop.support.broker_faults import QUEUES, consumed
from tests.shop.support.work import Work, at_work
from tests.support.eventually import eventually
from tests.support.services.readiness import watched
from tests.support.services.system import System
from tests.support.survival import times
from twinpath.projecting.outside_events import EXCHANGE

_OUTSIDE = "somebody-else"


async def test_a_cluster_that_loses_a_leader_a_node_and_each_in_turn_loses_and_doubles_nothing(
    make_system: Callable[..., System],
    private_rabbitmq_cluster: Callable[[], RabbitMQCluster],
    mongodb_url: str,
    redis_url: str,
) -> None:
    cluster = await asyncio.to_thread(private_rabbitmq_cluster)
    await listens_outside(cluster.nodes[0])
    system = make_system(mongodb_url, cluster.url, redis_url).start()
    async with watched(system["projector"]) as projector, at_work(system, clerks=2, readers=1) as work:
        for _ in range(times(1, 10)):
            await work.more(30)
            await leader_killed(cluster)
            await leader_isolated(cluster, work)
            await restarted_in_turn(cluster)
            await projector.says_up("rabbitmq")
            await eventually(lambda: consumed(cluster.nodes[0]), limit=60)
    told = await eventually(lambda: everything_told(cluster.nodes[0], work.ledger.tickets), limit=60, pause=0.5)
    assert told


async def leader_killed(cluster: RabbitMQCluster) -> None:
    """The node that leads a queue is killed, and comes back when another leads."""
    leader = await eventually(lambda: leader_of(cluster, cluster.nodes[0]), pause=0.5)
    assert leader is not None
    await asyncio.to_thread(leader.kill)
    await eventually(lambda: another_leads(cluster, leader), limit=60, pause=0.5)
    await asyncio.to_thread(leader.start)


async def leader_isolated(cluster: RabbitMQCluster, work: Work) -> None:
    """The node that leads a queue says nothing any more, to clients and nodes alike, until another leads.

    When it goes on, RabbitMQ before Khepri leaves it apart from the others: an operator restarts it.
    """
    leader = await eventually(lambda: leader_of(cluster, cluster.nodes[0]), pause=0.5)
    assert leader is not None
    leader.pause()
    await eventually(lambda: another_leads(cluster, leader), limit=60, pause=0.5)
    await work.more(30)
    leader.resume()
    await work.more(30)
    await asyncio.to_thread(leader.kill)
    await asyncio.to_thread(leader.start)
    await eventually(lambda: all_together(cluster), limit=60, pause=0.5)


async def restarted_in_turn(cluster: RabbitMQCluster) -> None:
    """Each node is stopped and started, the next one when all are there."""
    for node in cluster.nodes:
        await asyncio.to_thread(node.stop)
        await asyncio.to_thread(node.start)
    await eventually(lambda: all_together(cluster), limit=60, pause=0.5)


async def leader_of(cluster: RabbitMQCluster, asked: RabbitMQ) -> RabbitMQ | None:
    try:
        return await asyncio.to_thread(cluster.leader_of, QUEUES[0], asked)
    except httpx.HTTPError:
        return None


async def another_leads(cluster: RabbitMQCluster, gone: RabbitMQ) -> bool:
    asked = next(node for node in cluster.nodes if node is not gone)
    return await leader_of(cluster, asked) not in (gone, None)


async def all_together(cluster: RabbitMQCluster) -> bool:
    names = {node.node for node in cluster.nodes}
    try:
        return all([await asyncio.to_thread(cluster.members_of, node) == names for node in cluster.nodes])
    except httpx.HTTPError:
        return False


async def listens_outside(node: RabbitMQ) -> None:
    """Somebody else's queue, bound to every event, on all nodes."""
    async with await aio_pika.connect(node.url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(_OUTSIDE, durable=True, arguments={"x-queue-type": "quorum"})
        await queue.bind(exchange, "#")


async def everything_told(node: RabbitMQ, tickets: Collection[str]) -> bool:
    """Whether each ticket's first event has come to somebody else's queue."""
    opened = set[str]()
    async with await aio_pika.connect(node.url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(_OUTSIDE)
        while message := await queue.get(fail=False):
            event = orjson.loads(message.body)
            opened |= {event["subject"]} if event["sequence"] == "1" else set()
    return opened >= set(tickets)
