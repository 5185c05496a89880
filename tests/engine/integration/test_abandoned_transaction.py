"""A projector that died within a transaction holds up its successor for a second, not for a minute."""

import asyncio

from twinpath.domain.views import Put, View
from twinpath.mongo_client import mongo_client
from twinpath.views.interface import Batch, CheckpointMove
from twinpath.views.mongodb.stores import MongoViewWriter

MOVE = CheckpointMove("p", "repair.0", 0, 1)


async def test_what_a_dead_consumer_left_open_is_cleared_away(mongodb_url: str, unique: str) -> None:
    name = f"projector-{unique}"
    dead, living = mongo_client(mongodb_url, name), mongo_client(mongodb_url, name)
    writer = MongoViewWriter(living, unique)
    await writer.prepare([View("v")], [("p", "repair.0")])
    session = dead.start_session()
    await session.start_transaction()
    await dead[unique]["checkpoints"].update_one({"_id": "p/repair.0"}, {"$set": {"position": 9}}, session=session)

    async with asyncio.timeout(15):
        await writer.commit(Batch([Put("v", "d", {"a": 1})], [MOVE]))

    assert await writer.checkpoints() == {("p", "repair.0"): 1}
    assert await writer.get("v", "d") == {"_id": "d", "a": 1, "revision": 1}
    for client in (dead, living):
        await client.close()
