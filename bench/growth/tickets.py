"""Documents of ticket_details, as the projection makes them, and rows of ticket_list, in any number."""

from collections.abc import Iterable, Iterator, Sequence

from projector_service.ticket_details import TicketDetailsProjection
from shared.events.ticket import TicketOpened
from twinpath.clock import utc_now
from twinpath.domain.events import RecordedEvent
from twinpath.domain.views import Document, Put
from twinpath.ids import new_id

SUBJECT, MESSAGE = "Parcel has not arrived", "x" * 100
_A_CUSTOMER = 50
"""Tickets a customer has."""


def ticket_documents(tickets: Iterable[str]) -> Iterator[Document]:
    """A document for every ticket, which was just opened."""
    now = utc_now()
    opened = TicketOpened(subject=SUBJECT, message=MESSAGE, opened_at=now)
    recorded = RecordedEvent("ticket.opened", 1, {}, "", 1, "ticket.0", 1, now, "bench", "bench", None, None)
    [put] = TicketDetailsProjection().changes(opened, recorded)
    assert isinstance(put, Put)
    for ticket in tickets:
        yield {"_id": ticket, "revision": 1, **put.document, "ticket_id": ticket}


def rows(numbers: Sequence[int]) -> Iterator[Document]:
    """A row of ticket_list for every number."""
    now = utc_now()
    customer = new_id("customer")
    for number in numbers:
        if number % _A_CUSTOMER == 0:
            customer = new_id("customer")
        ticket, has_note = new_id("ticket"), number % 2 == 0
        yield {
            "_id": ticket,
            "revision": 1,
            "ticket_id": ticket,
            "subject": SUBJECT,
            "status": ("open", "triaged", "closed")[number % 3],
            "customer_id": customer,
            "has_note": has_note,
            "preview": MESSAGE[:50],
            "note_preview": "called the carrier" if has_note else None,
            "opened_at": now,
            "updated_at": now,
            "version": 1,
        }
