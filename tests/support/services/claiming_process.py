"""A process of its own that takes keys: `python -m tests.support.services.claiming_process URL DATABASE COUNT`.

It tries to take each of `COUNT` keys, sixteen at once, and prints as a JSON list which of them it has.
"""

import asyncio
import json
import sys
from typing import Any

from pymongo import AsyncMongoClient

from tests.support.appending import CATEGORIES, metadata, note
from twinpath.errors import ClaimHeld
from twinpath.ids import new_id, uuid7
from twinpath.log.interface import NewCommit
from twinpath.log.mongodb import MongoEventStore


async def main(url: str, database: str, count: int) -> None:
    """Take what can be had."""
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(url) as client:
        store = MongoEventStore(client, database, CATEGORIES, 4)
        await store.prepare()
        keys = iter(range(count))
        won = []

        async def work() -> None:
            for key in keys:
                try:
                    await store.append(NewCommit(new_id("repair"), [note()], 0, uuid7(), metadata(), "f", [f"{key}"]))
                    won.append(f"{key}")
                except ClaimHeld:
                    continue

        await asyncio.gather(*(work() for _ in range(16)))
        print(json.dumps(won))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
