"""MongoDB has dropped changes that a follower has not seen yet; it takes a while, so it is in the long form alone."""

from collections.abc import Callable
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection

from deploy.local.mongodb import MongoDB
from tests.shop.support.work import at_work
from tests.support.eventually import eventually
from tests.support.services.system import System
from tests.support.survival import times


async def test_a_history_of_changes_that_is_over_costs_nothing(
    make_system: Callable[..., System], private_mongodb: Callable[..., MongoDB], rabbitmq_url: str, redis_url: str
) -> None:
    mongodb = private_mongodb()
    system = make_system(mongodb.url, rabbitmq_url, redis_url).start()
    followers = [system["command"], system["query"]]
    async with at_work(system) as work:
        for _ in range(times(1, 10)):
            await work.more(60)
            for service in followers:
                service.pause()
            await push_out_the_history(mongodb)
            for service in followers:
                service.resume()
            await work.more(60)
            await work.more_answers(20)
        assert "ChangeStreamHistoryLost" in system["query"].log.read_text(), (
            "no follower noticed that its history was over"
        )


async def push_out_the_history(mongodb: MongoDB) -> None:
    """Write notes until everything that is in MongoDB's log of changes now has been dropped from its beginning."""
    client: AsyncMongoClient[Any]
    async with AsyncMongoClient(mongodb.url) as client:
        oplog: AsyncCollection[Any] = client["local"]["oplog.rs"]
        newest = (await oplog.find().sort("$natural", -1).limit(1).to_list())[0]["ts"]

        async def dropped() -> bool:
            for _ in range(8):
                await client.admin.command("appendOplogNote", 1, data={"filling": b"-" * 15_000_000})
            oldest = (await oplog.find({}, {"ts": 1}).sort("$natural", 1).limit(1).to_list())[0]["ts"]
            return bool(oldest > newest)

        await eventually(dropped, limit=120)
