"""Messages that come twice, late and in random order; a backlog that is larger than memory should ever hold."""

from tests.shop.support.disorderly_broker import disorder
from tests.shop.support.work import at_work
from tests.support.eventually import eventually
from tests.support.services.system import System
from tests.support.survival import times


async def test_every_message_twice_late_and_in_random_order_changes_nothing(system: System, rabbitmq_url: str) -> None:
    async with disorder(rabbitmq_url) as disorderly, at_work(system):

        async def enough() -> bool:
            return disorderly.sent >= times(400, 40_000)

        await eventually(enough, limit=times(60, 1800))
