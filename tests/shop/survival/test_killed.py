"""Services killed with SIGKILL at exact points and at random, while people are at work."""

import asyncio
import random
import signal
from collections.abc import Callable

import pytest

from tests.shop.support.work import at_work
from tests.support.eventually import eventually
from tests.support.services.dying import DyingService, Point
from tests.support.services.system import System
from tests.support.survival import times

POINTS = {
    "command": [
        # while there is stock
        Point("before", "twinpath.commands.processes.checkpoints:MongoCheckpoints.move", latest=5),
        Point("before", "twinpath.log.group_commit:GroupWriter._insert"),
        Point("before", "twinpath.log.group_commit:GroupWriter._acknowledge"),  # the commit stands, no answer yet
        Point("before", "twinpath.feed.rabbit_publisher:RabbitPublisher.publish"),
        Point("before", "twinpath.commands.relaying.progress:RelayProgress.advance"),  # published, no watermark yet
        Point("after", "twinpath.commands.relaying.progress:RelayProgress.advance"),
    ],
    "projector": [
        Point("before", "twinpath.views.mongodb.stores:MongoViewWriter.commit"),
        Point("before", "twinpath.views.mongodb.stores:MongoViewWriter._write"),  # within the transaction
        Point("before", "pymongo.asynchronous.client_session:AsyncClientSession.commit_transaction"),
        Point("after", "pymongo.asynchronous.client_session:AsyncClientSession.commit_transaction"),
        Point("before", "twinpath.views.redis.cache:RedisViewCache.write"),  # between the transaction and Redis
        Point(
            "before", "faststream.rabbit.message:RabbitMessage.ack"
        ),  # the transaction stands, no acknowledgement yet
        Point("after", "twinpath.views.redis.cache:RedisViewCache.write"),
    ],
}


@pytest.mark.parametrize("victim", POINTS)
async def test_a_service_killed_at_every_point_that_matters_loses_and_doubles_nothing(
    make_system: Callable[..., System], victim: str, mongodb_url: str, rabbitmq_url: str, redis_url: str
) -> None:
    system = make_system(mongodb_url, rabbitmq_url, redis_url)
    points = POINTS[victim] * times(1, 20)
    for name in {"command", "projector", "query"} - {victim}:
        system.add(name)
    service = system.add_dying(victim, points[0])
    async with at_work(system):
        for point in points:
            service.dies_at(point)
            service.start()
            await eventually(lambda: has_died(service), limit=60)
            assert service.exit_code == -signal.SIGKILL, service.tail()
        service.spare()
        service.start()
        await asyncio.to_thread(service.wait_ready)


async def has_died(service: DyingService) -> bool:
    return not service.running


async def test_services_killed_at_random_lose_and_double_nothing(system: System) -> None:
    chance = random.Random()
    async with at_work(system) as work:
        for _ in range(times(8, 150)):
            await work.more(chance.randrange(400))
            victim = system[chance.choice(["command", "command", "projector", "projector", "query"])]
            victim.kill()
            victim.start()
        for name in ("command", "projector", "query"):
            await asyncio.to_thread(system[name].wait_ready)
