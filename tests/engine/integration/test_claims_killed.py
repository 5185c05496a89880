"""A process that is killed while it takes or gives up a claim leaves nothing that is in anybody's way."""

import asyncio
import signal
import sys

import pytest

from tests.engine.seats import TakeSeat
from tests.engine.support.moving_process import seats_on
from twinpath.clock import utc_now
from twinpath.commands.envelope import Envelope
from twinpath.errors import RuleViolation
from twinpath.ids import new_id
from twinpath.log.commits import commits_of
from twinpath.log.interface import Appended
from twinpath.log.mongodb import MongoEventStore
from twinpath.mongo_client import mongo_client

FREE_AFTER = {
    ("before", "append"): True,
    ("after", "append"): False,
    ("before", "release"): True,
    ("after", "release"): True,
}


@pytest.mark.parametrize(("when", "method"), FREE_AFTER)
async def test_whenever_its_holder_is_killed_a_claim_is_had_exactly_where_the_log_says_so(
    mongodb_url: str, unique: str, when: str, method: str
) -> None:
    async with mongo_client(mongodb_url, "test") as client:
        store = MongoEventStore(client, unique, ("repair",), 4)
        await store.prepare()
        repair = new_id("repair")
        module = [sys.executable, "-m", "tests.engine.support.moving_process"]
        killed = await asyncio.create_subprocess_exec(*module, mongodb_url, unique, repair, when, method)
        assert await killed.wait() == -signal.SIGKILL
        left = await commits_of(client, unique).count_documents({"claims": {"$exists": True}})
        assert left == ((when, method) in {("after", "append"), ("before", "release")})
        takers = [Envelope(TakeSeat(repair_id=new_id("repair"), seat="window", at=utc_now())) for _ in range(20)]

        buses = [seats_on(store), seats_on(MongoEventStore(client, unique, ("repair",), 4))]
        answers = await asyncio.gather(
            *(buses[number % 2].handle(taker) for number, taker in enumerate(takers)), return_exceptions=True
        )

        won = [answer for answer in answers if isinstance(answer, Appended)]
        assert len(won) == FREE_AFTER[when, method]
        assert sum(isinstance(answer, RuleViolation) for answer in answers) == 20 - len(won)
        assert await commits_of(client, unique).count_documents({"claims": {"$exists": True}}) == 1
