"""A process that appends to given logs: `python -m tests.support.services.writer_process URL DATABASE STREAM COUNT`.

Half of its appends go to fresh streams, half to the one stream that all such processes share. It prints how many it
made, which must be as many as it was asked for.
"""

import asyncio
import sys
from typing import Any

from pymongo import AsyncMongoClient

from tests.support.appending import CATEGORIES, append
from twinpath.errors import ConcurrencyConflict
from twinpath.log.mongodb import MongoEventStore


async def main(url: str, database: str, shared_stream: str, count: int) -> None:
    """Append `count` commits, 16 callers at once."""
    client: AsyncMongoClient[dict[str, Any]]
    async with AsyncMongoClient(url) as client:
        store = MongoEventStore(client, database, CATEGORIES, 4)
        await store.prepare()
        todo = iter(range(count))
        made = 0

        async def work() -> None:
            nonlocal made
            for number in todo:
                if number % 2:
                    await append(store, None, 0, "fresh", "two")
                else:
                    await contended(store, shared_stream)
                made += 1

        await asyncio.gather(*(work() for _ in range(16)))
        print(made)


async def contended(store: MongoEventStore, stream: str) -> None:
    """Append to the shared stream, again and again until this one has won."""
    while True:
        events = await store.load(stream)
        try:
            await append(store, stream, len(events), "contended")
            return
        except ConcurrencyConflict:
            continue


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
