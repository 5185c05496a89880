"""RabbitMQ that says nothing any more: it shows within ten seconds, nobody waits for it, and it passes by itself."""

import asyncio
from collections.abc import Callable

from tests.shop.support.broker_faults import consumed
from tests.shop.support.work import at_work
from tests.support.eventually import eventually
from tests.support.provided.servers import RabbitMQServer
from tests.support.services.readiness import watched
from tests.support.services.system import System
from tests.support.survival import times


async def test_a_broker_that_is_frozen_shows_within_ten_seconds_and_all_is_well_when_it_goes_on(
    make_system: Callable[..., System], private_rabbitmq: Callable[[], RabbitMQServer], mongodb_url: str, redis_url: str
) -> None:
    rabbitmq = private_rabbitmq()
    system = make_system(mongodb_url, rabbitmq.url, redis_url).start()
    async with (
        watched(system["projector"]) as projector,
        watched(system["command"]) as command,
        at_work(system) as work,
    ):
        for _ in range(times(1, 20)):
            await work.more(30)
            rabbitmq.pause()
            async with asyncio.timeout(10):
                await asyncio.gather(projector.said_down("rabbitmq"), command.said_down("rabbitmq"))
            await work.more(30)
            rabbitmq.resume()
            await asyncio.gather(projector.says_up("rabbitmq"), command.says_up("rabbitmq"))
            await eventually(lambda: consumed(rabbitmq), limit=60)
            projector.forget()
            command.forget()
