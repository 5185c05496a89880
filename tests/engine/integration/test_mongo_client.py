"""The MongoDB client as the services open it, where PyMongo alone would not do."""

from collections.abc import Callable

from deploy.local.mongodb import MongoDB
from tests.support.eventually import eventually
from twinpath.mongo_client import mongo_client


async def test_a_connection_opened_while_its_server_changes_its_part_takes_sessions_later(
    private_mongodb: Callable[..., MongoDB],
) -> None:
    mongodb = private_mongodb(members=3)
    primary = mongodb.primary()
    other = next(member for member in mongodb.members if member is not primary)
    alone = f"mongodb://127.0.0.1:{other.port}/?directConnection=true"

    async with mongo_client(alone, "test") as operator, mongo_client(alone, "test") as client:
        await operator.admin.command(
            "replSetMaintenance", True
        )  # neither primary nor secondary, as on a change of part
        await client.admin.command("ping")
        await operator.admin.command("replSetMaintenance", False)

        async def is_secondary() -> bool:
            return bool((await operator.admin.command("hello"))["secondary"])

        await eventually(is_secondary)
        async with client.start_session() as session:
            assert await client["test"]["any"].find_one({}, session=session) is None
