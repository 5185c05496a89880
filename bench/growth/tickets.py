"""Documents of ticket_details in any number, as the projection makes them."""

from collections.abc import Iterable, Iterator

from projector_service.ticket_details import TicketDetailsProjection
from shared.events.ticket import TicketOpened
from twinpath.clock import utc_now
from twinpath.domain.events import RecordedEvent
from twinpath.domain.views import Document, Put

SUBJECT, MESSAGE = "Parcel has not arrived", "x" * 100


def ticket_documents(tickets: Iterable[str]) -> Iterator[Document]:
    """A document for every ticket, which was just opened."""
    now = utc_now()
    opened = TicketOpened(subject=SUBJECT, message=MESSAGE, opened_at=now)
    recorded = RecordedEvent("ticket.opened", 1, {}, "", 1, "ticket.0", 1, now, "bench", "bench", None, None)
    [put] = TicketDetailsProjection().changes(opened, recorded)
    assert isinstance(put, Put)
    for ticket in tickets:
        yield {"_id": ticket, "revision": 1, **put.document, "ticket_id": ticket}
