"""MongoDB whose primary goes, and whose answers are lost."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import AutoReconnect, PyMongoError
from pymongo.read_concern import ReadConcern

from deploy.local.mongodb import Member, MongoDB, primary_port
from deploy.local.ports import HOST
from tests.shop.support.work import at_work
from tests.support.eventually import eventually
from tests.support.provided.proxies import CuttingProxy, serving
from tests.support.services.system import System
from tests.support.survival import times

COMMIT = b"commitTransaction"
INSERT = b"insert\x00\x08\x00\x00\x00commits\x00"


async def test_a_primary_that_steps_down_dies_or_is_rolled_back_loses_and_doubles_nothing(
    make_system: Callable[..., System], private_mongodb: Callable[..., MongoDB], rabbitmq_url: str, redis_url: str
) -> None:
    mongodb = private_mongodb(members=3, election_timeout_ms=2000)
    system = make_system(mongodb.url, rabbitmq_url, redis_url).start()
    async with at_work(system, clerks=8) as work:
        for _ in range(times(1, 15)):
            await work.more(60)

            async with direct((await primary(mongodb)).port) as client:
                with suppress(AutoReconnect):
                    await client.admin.command("replSetStepDown", 5, force=True)
            await work.more(60)

            old = await primary(mongodb)
            await asyncio.to_thread(old.kill)
            await work.more(60)
            await asyncio.to_thread(old.start)

            old = await primary(mongodb)
            rollbacks = await rollback_id(old)
            others = [member for member in mongodb.members if member is not old]
            for member in others:  # a paused one would still get what is in its connections
                await asyncio.to_thread(member.kill)
            await eventually(lambda old=old: has_what_no_other_has(old, system), limit=60)  # type: ignore[misc]
            await asyncio.to_thread(old.kill)
            for member in others:
                await asyncio.to_thread(member.start)
            await work.more(60)
            await asyncio.to_thread(old.start)
            await eventually(lambda old=old, after=rollbacks: was_rolled_back(old, after), limit=60)  # type: ignore[misc]


async def test_commits_whose_answer_is_lost_take_effect_once(
    make_system: Callable[..., System], mongodb_url: str, rabbitmq_url: str, redis_url: str
) -> None:
    system = make_system(mongodb_url, rabbitmq_url, redis_url)
    port = await asyncio.to_thread(primary_port, mongodb_url)
    async with (
        serving(CuttingProxy(port, [COMMIT], 60)) as of_views,
        serving(CuttingProxy(port, [INSERT], 60)) as of_log,
    ):
        for name, proxy in (("command", of_log), ("projector", of_views)):
            system.add(name, TWINPATH_MONGODB_URL=f"mongodb://{HOST}:{proxy.port}/?directConnection=true")
        system.add("query")
        async with at_work(system):

            async def enough() -> bool:
                return min(of_views.cuts, of_log.cuts) >= times(20, 2000)

            await eventually(enough, limit=times(120, 3600))


def direct(port: int) -> AsyncMongoClient[Any]:
    """A client of this one member, whatever its part in the set."""
    return AsyncMongoClient(HOST, port, directConnection=True, serverSelectionTimeoutMS=2_000)


async def primary(mongodb: MongoDB) -> Member:
    """The member that takes the writes."""
    return await asyncio.to_thread(mongodb.primary)


async def rollback_id(member: Member) -> int:
    """It grows with every rollback of this member."""
    async with direct(member.port) as client:
        return int((await client.admin.command("replSetGetRBID"))["rbid"])


async def was_rolled_back(member: Member, after: int) -> bool:
    try:
        return await rollback_id(member) > after
    except PyMongoError:
        return False


async def has_what_no_other_has(member: Member, system: System) -> bool:
    """Whether a commit stands on this member that no majority has."""
    async with direct(member.port) as client:
        commits = client[system.settings["TWINPATH_LOG_DATABASE"]]["commits"]
        everywhere = await commits.with_options(read_concern=ReadConcern("majority")).count_documents({})
        return await commits.with_options(read_concern=ReadConcern("local")).count_documents({}) > everywhere
