"""A process of its own that takes a seat, gives it up, and is killed on the way:
`python -m tests.engine.support.moving_process URL DATABASE REPAIR WHEN METHOD`."""

import asyncio
import sys

from tests.engine.seats import EVENTS, REPAIR, TakeSeat
from tests.engine.support.commanding import bus_on
from tests.support.services.dying import Point, hit
from twinpath.clock import utc_now
from twinpath.commands.bus import CommandBus
from twinpath.commands.envelope import Envelope
from twinpath.log.interface import EventStore
from twinpath.log.mongodb import MongoEventStore
from twinpath.mongo_client import mongo_client


def seats_on(store: EventStore) -> CommandBus:
    """A bus for repairs and their seats."""
    return bus_on(store, deciders={"repair": REPAIR}, catalogue=EVENTS)


async def main(url: str, database: str, repair: str) -> None:
    """Sit at the window for a moment."""
    async with mongo_client(url, "test") as client:
        store = MongoEventStore(client, database, ("repair",), 4)
        bus = seats_on(store)
        for seat in ("window", None):
            await bus.handle(Envelope(TakeSeat(repair_id=repair, seat=seat, at=utc_now())))


if __name__ == "__main__":
    url, database, repair, when, method = sys.argv[1:]
    hit(Point("before" if when == "before" else "after", f"twinpath.log.mongodb:MongoEventStore.{method}", latest=1))
    asyncio.run(main(url, database, repair))
