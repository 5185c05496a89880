"""Parking and retrying on a replica set whose primary steps down in the middle of their commits."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

from pymongo.errors import PyMongoError

from deploy.local.mongodb import MongoDB
from tests.engine.support.commanding import seals_of
from tests.engine.support.poisoning import AlsoSeen, Notes, Seen, in_one_log, shown
from tests.engine.workshop.application import EVENTS
from tests.support.clocks import Ticking
from tests.support.eventually import eventually
from twinpath.errors import Unavailable
from twinpath.mongo_client import mongo_client
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.parking.repairs import Repairs
from twinpath.running.retrying import Pace
from twinpath.views.mongodb.generations import MongoGenerations

STREAMS = in_one_log(12)
SEALS = seals_of(InMemoryKeyStore())
PACE = Pace(first=0.01, most=0.1, poison=0.1, look=0.05)


async def test_whatever_primary_steps_down_nothing_is_lost_doubled_or_out_of_order(
    private_mongodb: Callable[..., MongoDB],
) -> None:
    mongodb = private_mongodb(members=3, election_timeout_ms=1000)
    chance, notes, steps_down = random.Random(7), Notes(), 0
    projections = [Seen(), AlsoSeen()]
    async with mongo_client(mongodb.url, "test") as client:
        views = MongoGenerations(client, "views")
        known = {projection.name: (projection, views) for projection in projections}
        parked = Repairs(known, views, notes.store, SEALS, EVENTS, Ticking())

        async def step_down() -> None:
            nonlocal steps_down
            await asyncio.sleep(chance.random() / 10)
            with suppress(PyMongoError):  # the connection is cut by it
                await client.admin.command("replSetStepDown", 2, secondaryCatchUpPeriodSecs=1)
            steps_down += 1

        async def project() -> None:
            projector = Projector(projections, ["repair.0"], notes.store, views, SEALS, EVENTS, pace=PACE)
            await projector.start()
            events = await notes.store.read_log("repair.0", 0, 10_000)
            batches = [events[start : start + 3] for start in range(0, len(events), 3)]
            await asyncio.gather(*(projector.project("repair.0", batch) for batch in batches))
            await eventually(everyone_is_through)
            await projector.stop()

        async def everyone_is_through() -> bool:
            with suppress(Unavailable):
                checkpoints = await views.checkpoints()
                return {at for (_, log), at in checkpoints.items() if log == "repair.0"} == {await head()}
            return False

        async def head() -> int:
            return (await notes.store.heads())["repair.0"]

        async def retry() -> bool:
            try:
                return [step async for step in parked.retry(None, None, 1000)] == []
            except Unavailable:
                return False

        for _ in range(4):
            for _ in range(60):
                await notes.add(chance.choice(STREAMS))
            for projection in projections:
                ids = [f"{stream}@{version}" for stream in STREAMS for version in range(1, 24)]
                projection.poison = set(chance.sample(ids, 20))
                projection.misfits = set(chance.sample(ids, 10))
            await asyncio.gather(project(), retry(), step_down())
        streams, _ = await eventually(lambda: parked.parked.totals(None))
        assert streams, "there was something to retry"
        for projection in projections:
            projection.poison = projection.misfits = set()
        await asyncio.gather(eventually(retry), step_down())
        await eventually(retry)

        assert steps_down == 5
        for projection in projections:
            assert await shown(views, projection) == await notes.all()
        assert await views.parked.counts() == {}
        assert await views.parked.page(None, None, 10) == []
