"""RabbitMQ in every state that it can get into: consumption goes on by itself, and readiness said that it did not."""

import random
from collections.abc import Callable

from tests.shop.support.broker_faults import FAULTS, consumed, publishers_blocked
from tests.shop.support.work import at_work
from tests.support.eventually import eventually
from tests.support.provided.servers import RabbitMQServer
from tests.support.services.readiness import watched
from tests.support.services.system import System
from tests.support.survival import LONG, times


async def test_whatever_the_broker_does_consumption_goes_on_by_itself_and_readiness_was_honest(
    make_system: Callable[..., System], private_rabbitmq: Callable[[], RabbitMQServer], mongodb_url: str, redis_url: str
) -> None:
    rabbitmq = private_rabbitmq()
    system = make_system(mongodb_url, rabbitmq.url, redis_url).start()
    faults = FAULTS * times(1, 10)
    if LONG:
        random.shuffle(faults)
    async with (
        watched(system["projector"]) as projector,
        watched(system["command"]) as command,
        at_work(system) as work,
    ):
        for fault in faults:
            await work.more(30)
            told = command if fault is publishers_blocked else projector
            told.forget()
            try:
                await fault(rabbitmq, system, lambda told=told: told.said_down("rabbitmq"))  # type: ignore[misc]
                await told.says_up("rabbitmq")
                await work.more(30)
                await eventually(lambda: consumed(rabbitmq), limit=60)
            except BaseException as failure:
                failure.add_note(f"the fault was: {fault.__doc__}")
                raise
