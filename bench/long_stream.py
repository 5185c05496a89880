"""A command on a stream of 10,000 events against a command on a stream of 10, neither in the process's memory."""

import statistics
import time
from collections.abc import Sequence

import uvloop

from bench.connection import Connection
from bench.figures import at_most
from bench.measuring import Servers, rate, running, servers
from bench.run import Run
from shared.events import CATALOGUE
from shared.events.ticket import TicketNoteAdded, TicketOpened
from twinpath.clock import utc_now
from twinpath.domain.events import Metadata
from twinpath.ids import new_id, uuid7
from twinpath.log.interface import EventStore, NewCommit
from twinpath.log.mongodb import MongoEventStore
from twinpath.mongo_client import mongo_client

SHORT = 10
NOTE = b'{"note": "called the carrier, they look for it"}'
NOTHING_KEPT = {"TWINPATH_CACHED_AGGREGATES": "0"}


async def _streams(started: Servers, count: int, events: int) -> list[str]:
    """Tickets with `events` events, one event a commit, as a service writes them."""
    made: list[str] = []
    async with mongo_client(started.mongodb, "bench") as client:
        store = MongoEventStore(client, "twinpath_log", CATALOGUE.categories, 4)

        async def make(_: int) -> None:
            made.append(stream := new_id("ticket"))
            await _live(store, stream, events)

        await rate(count, 64, make)
    return made


async def _live(store: EventStore, stream: str, events: int) -> None:
    opened = TicketOpened(subject="Parcel has not arrived", message="x" * 100, opened_at=utc_now())
    for version in range(events):
        event = TicketNoteAdded(note="called the carrier, they look for it") if version else opened
        await store.append(
            NewCommit(stream, [CATALOGUE.encode(event)], version, uuid7(), Metadata(utc_now(), "bench", "bench"))
        )


def _milliseconds(url: str, streams: Sequence[str]) -> float:
    """The median time of a command on these streams."""
    times = []
    with Connection(url) as connection:
        for stream in streams:
            began = time.perf_counter()
            connection.ask("POST", f"/api/v1/tickets/{stream}/notes", NOTE)
            times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def measure(run: Run) -> None:
    """On private servers; the stream grows by an event a command."""
    sizes = run.sizes
    figure = run.figure(f"a command on a stream of {sizes.stream_events:,} events / of {SHORT}", at_most(1.3), "ms")
    with servers() as started, running(started, "command", env=NOTHING_KEPT) as (service,):
        (long,) = uvloop.run(_streams(started, 1, sizes.stream_events - 1))
        _milliseconds(service.url, [long] * sizes.commands)  # they pass a multiple of EVERY: a snapshot is there
        for _ in run.rounds():
            short = uvloop.run(_streams(started, sizes.commands, SHORT))
            ours = _milliseconds(service.url, [long] * sizes.commands)
            figure.add(ours, _milliseconds(service.url, short))
