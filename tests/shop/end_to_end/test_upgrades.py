"""What earlier versions wrote is taken over by this one: read, carried on, nothing of it done twice."""

import json
from typing import Any

import pytest

from deploy.local.services import NAMES
from tests.shop.upgrades.asking import parked
from tests.shop.upgrades.life import repeat
from tests.shop.upgrades.past import VERSIONS, Past
from tests.shop.upgrades.taking_over import events, mend, skip_poison, take_over
from tests.support.eventually import eventually
from tests.support.services.system import System


@pytest.mark.timeout(400)
@pytest.mark.parametrize("version", VERSIONS)
async def test_data_of_an_earlier_version_goes_on_under_this_one(version: str, stopped_system: System) -> None:
    past, system = Past.of(version), stopped_system
    past.load_into(system)
    system.start()
    rebuilt = await take_over(system)
    await eventually(lambda: carried_on(past, system))
    async with system.client("projector") as projector, system.client("query") as query:
        still = [place for place in past.parked if place[0] not in rebuilt]
        assert [place for place in await parked(projector) if place[0] not in rebuilt] == still
        await mend(past, system, projector, query)
        await system.verify()
        count = await events(system)
        await ask_again(past, system)
        for name in NAMES:
            system[name].stop()
        for name in NAMES:
            system[name].start()
        for name in NAMES:
            system[name].wait_ready()
        await ask_again(past, system)
        await take_over(system)
        await carried_on(past, system)
        assert await events(system) == count, "something was done twice"
        await skip_poison(past, projector)


async def carried_on(past: Past, system: System) -> bool:
    """This version gives the answers of then: the waiting order is confirmed and the due one cancelled, once."""
    different = await past.unlike(system, leave_out={"broken"})
    assert not different, "\n".join(different[:20])
    return True


async def ask_again(past: Past, system: System) -> None:
    """Every command of then gets its first answer."""
    async with system.client("command") as command:
        for sent in past.commands:
            first = sent.status, objects_of(sent.answer)
            await repeat(command, sent)
            assert (sent.status, objects_of(sent.answer)) == first, f"{sent.method} {sent.path}"


def objects_of(answer: str) -> list[Any]:
    """An answer's JSON objects, one a line."""
    return [json.loads(line) for line in answer.splitlines()]
