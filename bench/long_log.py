"""Makes a log of any length in seconds: commits as the command service writes them, inserted in bulk."""

import asyncio
from collections.abc import Iterator, Sequence

from pymongo import AsyncMongoClient, WriteConcern

from projector_service.application import PROJECTIONS
from shared.events import CATALOGUE
from shared.events.ticket import TicketClosed, TicketNoteAdded, TicketOpened, TicketStatusChanged
from twinpath.clock import utc_now
from twinpath.domain.events import DomainEvent, Metadata
from twinpath.domain.projection import Projection
from twinpath.ids import log_of, new_id, uuid7
from twinpath.log.commits import Document, at_position, commits_of, encode
from twinpath.log.interface import NewCommit
from twinpath.log.mongodb import MongoEventStore
from twinpath.projecting.groups import view_projections

VIEWS = ("ticket_list", "ticket_details", "ticket_dashboard", "history")
_LIFE = 4
_AT_ONCE = 1_000
"""Tickets that are open at the same time, so that the events of a ticket stand far apart in the log."""
_BATCH = 1_000


def ticket_projections() -> list[Projection]:
    """The projections behind every view of tickets."""
    return [projection for projection in view_projections(PROJECTIONS) if projection.name in VIEWS]


async def write_tickets(client: AsyncMongoClient[Document], database: str, events: int, partitions: int = 4) -> None:
    """Make the log and fill it: every ticket is opened, noted, triaged and closed."""
    await _write(client, database, _lives(events), partitions)


async def write_streams(
    client: AsyncMongoClient[Document], database: str, lengths: Sequence[int], partitions: int = 4
) -> list[str]:
    """Make the log if it is missing, and add tickets of these lengths, opened and then noted; returns their ids."""
    streams = [(new_id("ticket"), length) for length in lengths]
    notes = (
        (stream, version, _event(min(version, 2))) for stream, length in streams for version in range(1, length + 1)
    )
    await _write(client, database, notes, partitions)
    return [stream for stream, _ in streams]


async def _write(
    client: AsyncMongoClient[Document], database: str, events: Iterator[tuple[str, int, DomainEvent]], partitions: int
) -> None:
    """Write one event a commit, after the end of the log."""
    store = MongoEventStore(client, database, CATALOGUE.categories, partitions)
    await store.prepare()
    await client[database]["layout"].update_one({"_id": "log"}, {"$set": {"partitions": partitions}}, upsert=True)
    commits = commits_of(client, database).with_options(write_concern=WriteConcern(1))
    heads = await store.heads()
    batch, inserts = [], set[asyncio.Task[object]]()
    for stream, version, event in events:
        log = log_of(stream, partitions)
        heads[log] += 1
        recorded = CATALOGUE.encode(event)
        metadata = Metadata(utc_now(), "bench", "bench")
        encoded = encode(NewCommit(stream, [recorded], version - 1, uuid7(), metadata), log, "bench")
        batch.append(at_position(encoded, heads[log]))
        if len(batch) == _BATCH:
            inserts.add(asyncio.create_task(commits.insert_many(batch, ordered=False)))
            batch = []
            if len(inserts) == 4:
                done, inserts = await asyncio.wait(inserts, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.gather(*done)  # a failed insert would leave a hole
    if batch:
        await commits.insert_many(batch)
    await asyncio.gather(*inserts)
    # a majority has the log only now: before, a reader would see, and measure, a part of it
    await client.admin.command({"appendOplogNote": 1, "data": {}, "writeConcern": {"w": "majority", "j": True}})


def _lives(events: int) -> Iterator[tuple[str, int, DomainEvent]]:
    for _ in range(-(-events // (_LIFE * _AT_ONCE))):
        tickets = [new_id("ticket") for _ in range(_AT_ONCE)]
        for version in range(1, _LIFE + 1):
            for ticket in tickets:
                yield ticket, version, _event(version)


def _event(version: int) -> DomainEvent:
    match version:
        case 1:
            return TicketOpened(subject="Parcel has not arrived", message="x" * 100, opened_at=utc_now())
        case 2:
            return TicketNoteAdded(note="called the carrier, they look for it")
        case 3:
            return TicketStatusChanged(status="triaged", previous_status="open", seconds_to_triage=60.0)
        case _:
            return TicketClosed(
                resolution="it was at the neighbour's", previous_status="triaged", seconds_to_close=3600.0
            )
