"""What can happen to a support ticket."""

from datetime import datetime
from typing import ClassVar, Literal, get_args

from twinpath.domain import DomainEvent

TicketStatus = Literal["open", "triaged", "closed"]


class TicketOpened(DomainEvent):
    """A customer, or somebody for them, asked for help. What a known customer wrote is personal."""

    type: ClassVar[str] = "ticket.opened"
    personal: ClassVar[tuple[str, ...]] = ("subject", "message")
    personal_of: ClassVar[str | None] = "customer_id"

    subject: str | None
    message: str | None
    customer_id: str | None = None
    order_id: str | None = None
    opened_at: datetime


class TicketStatusChanged(DomainEvent):
    """The ticket moved between open and triaged; `seconds_to_triage` is given the first time it is triaged."""

    type: ClassVar[str] = "ticket.status_changed"

    status: Literal["open", "triaged"]
    previous_status: Literal["open", "triaged"]
    seconds_to_triage: float | None = None


class TicketNoteAdded(DomainEvent):
    """An agent wrote something down; who, says the event's actor."""

    type: ClassVar[str] = "ticket.note_added"
    internal: ClassVar[bool] = True

    note: str


class TicketClosed(DomainEvent):
    """The ticket is done, for good."""

    type: ClassVar[str] = "ticket.closed"

    resolution: str
    previous_status: Literal["open", "triaged"]
    seconds_to_close: float


TicketEvent = TicketOpened | TicketStatusChanged | TicketNoteAdded | TicketClosed
TICKET_EVENTS: tuple[type[DomainEvent], ...] = get_args(TicketEvent)
