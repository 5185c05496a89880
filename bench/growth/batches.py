"""Batches of events in the form that a projector receives: consecutive in one log."""

import random
from collections.abc import Sequence

from bench.growth.tickets import MESSAGE, SUBJECT
from shared.events import CATALOGUE
from shared.events.ticket import TicketNoteAdded, TicketOpened, TicketStatusChanged
from twinpath.clock import utc_now
from twinpath.domain.events import RecordedEvent
from twinpath.ids import new_id


def batch(log: str, after: int, new: int, old: Sequence[str] = ()) -> list[RecordedEvent]:
    """The events from position `after` + 1 on: `new` tickets are opened, then noted; the old tickets change status."""
    now = utc_now()
    fresh = [new_id("ticket") for _ in range(new)]
    opened = CATALOGUE.encode(TicketOpened(subject=SUBJECT, message=MESSAGE, opened_at=now))
    note = CATALOGUE.encode(TicketNoteAdded(note="called the carrier, they look for it"))
    content = [
        *((opened, ticket, 1) for ticket in fresh),
        *((note, ticket, 2) for ticket in fresh),
        *((CATALOGUE.encode(_status_changed()), ticket, 2) for ticket in old),
    ]
    return [
        RecordedEvent(event.type, event.schema, event.data, ticket, version, log, position, now, "bench", "bench")
        for position, (event, ticket, version) in enumerate(content, after + 1)
    ]


def _status_changed() -> TicketStatusChanged:
    """A random status, so that the share of documents that move in their index stays the same from round to round."""
    status = random.choice(("open", "triaged"))
    return TicketStatusChanged(status=status, previous_status="open", seconds_to_triage=60.0)
