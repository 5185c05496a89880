"""Batches of events as a projector is given them: consecutive in one log."""

import random
from collections.abc import Sequence

from bench.growth.tickets import MESSAGE, SUBJECT
from shared.events import CATALOGUE
from shared.events.ticket import TicketNoteAdded, TicketOpened, TicketStatusChanged
from twinpath.clock import utc_now
from twinpath.domain.events import RecordedEvent
from twinpath.ids import new_id


def batch(log: str, after: int, new: int, old: Sequence[str] = ()) -> list[RecordedEvent]:
    """The events from position `after` + 1 on: so many tickets are opened, then noted; the old ones change status."""
    now = utc_now()
    fresh = [new_id("ticket") for _ in range(new)]
    opened = CATALOGUE.encode(TicketOpened(subject=SUBJECT, message=MESSAGE, opened_at=now))
    note = CATALOGUE.encode(TicketNoteAdded(note="called the carrier, they look for it"))
    said = [
        *((opened, ticket, 1) for ticket in fresh),
        *((note, ticket, 2) for ticket in fresh),
        *((CATALOGUE.encode(_status_changed()), ticket, 2) for ticket in old),
    ]
    return [
        RecordedEvent(event.type, event.schema, event.data, ticket, version, log, position, now, "bench", "bench")
        for position, (event, ticket, version) in enumerate(said, after + 1)
    ]


def _status_changed() -> TicketStatusChanged:
    """By chance, so that as many documents move in their index whether or not they were changed before."""
    status = random.choice(("open", "triaged"))
    return TicketStatusChanged(status=status, previous_status="open", seconds_to_triage=60.0)
