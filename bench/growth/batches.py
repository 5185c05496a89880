"""Batches of events as a projector is given them: consecutive in one log."""

from collections.abc import Sequence

from bench.growth.tickets import MESSAGE, SUBJECT
from shared.clock import utc_now
from shared.events.catalogue import CATALOGUE
from shared.events.recorded import RecordedEvent
from shared.events.ticket import TicketNoteAdded, TicketOpened
from shared.ids import new_id


def batch(log: str, after: int, new: int, noted: Sequence[str] = ()) -> list[RecordedEvent]:
    """The events from position `after` + 1 on: so many new tickets, then a note each on these and on the `noted`."""
    now = utc_now()
    fresh = [new_id("ticket") for _ in range(new)]
    opened = CATALOGUE.encode(TicketOpened(subject=SUBJECT, message=MESSAGE, opened_at=now))
    note = CATALOGUE.encode(TicketNoteAdded(note="called the carrier, they look for it"))
    said = [*((opened, ticket, 1) for ticket in fresh), *((note, ticket, 2) for ticket in (*fresh, *noted))]
    return [
        RecordedEvent(event.type, event.schema, event.data, ticket, version, log, position, now, "bench", "bench")
        for position, (event, ticket, version) in enumerate(said, after + 1)
    ]
