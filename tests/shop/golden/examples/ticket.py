"""Examples of every event of a ticket as it is today."""

from datetime import UTC, datetime

from shared.events.ticket import TicketClosed, TicketErased, TicketNoteAdded, TicketOpened, TicketStatusChanged
from twinpath.domain.events import DomainEvent

_AT = datetime(2026, 3, 10, 12, 0, 0, 250_000, tzinfo=UTC)
_CUSTOMER = "customer-0198c0de-0000-7000-8000-000000000001"
_ORDER = "order-0198c0de-0000-7000-8000-000000000003"

EXAMPLES: list[DomainEvent] = [
    TicketOpened(subject="Parcel", message="Where is it?", opened_at=_AT),
    TicketOpened(subject="Parcel", message="Where is it?", customer_id=_CUSTOMER, order_id=_ORDER, opened_at=_AT),
    TicketStatusChanged(status="triaged", previous_status="open", seconds_to_triage=61.5),
    TicketStatusChanged(status="open", previous_status="triaged"),
    TicketNoteAdded(note="Asked the carrier.", owner_id=_CUSTOMER),
    TicketClosed(resolution="It has come.", previous_status="open", seconds_to_close=3600.0, owner_id=_CUSTOMER),
    TicketErased(),
]
