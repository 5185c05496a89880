"""A process that appends to fresh streams: `python -m bench.writer URL DATABASE COUNT CALLERS`.

It prints `ready`, waits for a line, appends, and prints how many callers got an answer.
"""

import asyncio
import sys

import uvloop

from bench.append import DATA
from bench.measuring import rate
from twinpath.clock import utc_now
from twinpath.domain.events import Metadata, NewEvent
from twinpath.ids import new_id, uuid7
from twinpath.log.interface import NewCommit
from twinpath.log.mongodb import MongoEventStore
from twinpath.mongo_client import mongo_client


async def _write(url: str, database: str, count: int, callers: int) -> None:
    async with mongo_client(url, "bench") as client:
        store = MongoEventStore(client, database, ("ticket",), 4)
        events = [NewEvent("ticket.opened", 1, DATA)]
        answered = 0

        async def append(number: int) -> None:
            nonlocal answered
            await store.append(NewCommit(new_id("ticket"), events, 0, uuid7(), Metadata(utc_now(), "a", "c")))
            answered += 1

        await rate(callers, callers, append)  # connections and heads are there before the measurement
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await rate(count, callers, append)
        print(answered, flush=True)


if __name__ == "__main__":
    url_, database_, count_, callers_ = sys.argv[1:5]
    uvloop.run(_write(url_, database_, int(count_), int(callers_)))
