"""A projector and a retry are killed while streams are parked: each note is in its view once, in order."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from tests.support.eventually import eventually
from tests.support.services.dying import Point
from tests.support.services.system import System
from tests.support.survival import times

POINTS = [
    Point("before", "twinpath.views.mongodb.parking:MongoParked.write", latest=4),
    Point("after", "twinpath.views.mongodb.parking:MongoParked.write", latest=4),  # within the transaction
    Point("before", "pymongo.asynchronous.client_session:AsyncClientSession.commit_transaction"),
    Point("after", "pymongo.asynchronous.client_session:AsyncClientSession.commit_transaction"),
]
TICKETS = 24


async def test_whoever_is_killed_while_streams_are_parked_nothing_is_lost_or_doubled(
    make_system: Callable[..., System], mongodb_url: str, rabbitmq_url: str, redis_url: str, unique: str
) -> None:
    chance = random.Random()
    system = make_system(mongodb_url, rabbitmq_url, redis_url)
    system.start()
    mongodb: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(mongodb_url) as mongodb, system.client("command") as command:
        views: AsyncDatabase[dict[str, Any]] = mongodb[f"{unique}_views"]

        async def note(ticket: str) -> None:
            answer = await command.post(f"/api/v1/tickets/{ticket}/notes", json={"note": "looked at"})
            assert answer.status_code == 200, answer.text

        async def opened() -> str:
            answer = await command.post("/api/v1/tickets", json={"subject": "Parcel", "message": "Where is it?"})
            return str(answer.json()["ticket_id"])

        async def parked() -> int:
            return await views["parked"].count_documents({})

        async def all_are_shown() -> bool:
            return await views["ticket_details"].count_documents({}) == TICKETS

        tickets = [await opened() for _ in range(TICKETS)]
        await eventually(all_are_shown)
        broken = {"_id": {"$in": tickets[: TICKETS // 2]}}
        await views["ticket_details"].update_many(broken, {"$set": {"notes": "no list"}})  # nothing can be appended

        await asyncio.to_thread(system["projector"].stop)
        projector = system.add_dying("projector", POINTS[0])
        for point in POINTS * times(1, 10):
            projector.dies_at(point)
            projector.start()
            while projector.running:
                await note(chance.choice(tickets))
        projector.spare()
        projector.start()
        await asyncio.to_thread(projector.wait_ready)
        for ticket in tickets:
            await note(ticket)

        async def half_are_parked() -> bool:
            return await parked() == TICKETS // 2

        await eventually(half_are_parked)
        await views["ticket_details"].update_many(broken, {"$set": {"notes": []}})
        for _ in range(times(3, 8)):
            async with await views["parked"].watch([{"$match": {"operationType": "delete"}}]) as freed:
                retrying = system.twinpath("parked", "retry", "--yes")
                await note(chance.choice(tickets))  # the projector may be parking one more just now
                with suppress(TimeoutError):  # an earlier one was quicker than its end
                    await asyncio.wait_for(freed.next(), 20)
            retrying.kill()
            await asyncio.to_thread(retrying.communicate)

        async def all_is_retried() -> bool:
            process = system.twinpath("parked", "retry", "--yes")
            said, _ = await asyncio.to_thread(process.communicate)
            assert process.returncode == 0, said
            return await parked() == 0

        await eventually(all_is_retried)
        shown = await views["ticket_details"].find().to_list()
    assert {document["_id"] for document in shown} == set(tickets)
    await system.verify()
