"""What can happen to a support ticket. What is written in it is personal: it is sealed with the key of the customer, or
with one of the ticket's own where no customer is named."""

from datetime import datetime
from typing import Any, ClassVar, Literal, get_args

from twinpath.domain import DomainEvent, Upcaster

TicketStatus = Literal["open", "triaged", "closed"]


def _of_nobody(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "owner_id": None}


def _as_unsealed(data: dict[str, Any]) -> dict[str, Any] | None:
    return None if data["owner_id"] is not None else {name: data[name] for name in data if name != "owner_id"}


_SEALED = Upcaster(_of_nobody, personal=(), downcast=_as_unsealed)
"""Between version 0.1.0, which sealed no words of agents, and its successor."""


class TicketOpened(DomainEvent):
    """A customer, or somebody for them, asked for help."""

    type: ClassVar[str] = "ticket.opened"
    personal: ClassVar[tuple[str, ...]] = ("subject", "message")
    personal_of: ClassVar[str | None] = "customer_id"
    sealed_alone: ClassVar[bool] = True

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
    """An agent wrote something down; who, says the event's actor. `owner_id` says whose key seals it."""

    type: ClassVar[str] = "ticket.note_added"
    internal: ClassVar[bool] = True
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_SEALED,)
    personal: ClassVar[tuple[str, ...]] = ("note",)
    personal_of: ClassVar[str | None] = "owner_id"

    note: str | None
    owner_id: str | None = None


class TicketClosed(DomainEvent):
    """The ticket is done, for good; also that of an erased customer. `owner_id` says whose key seals the resolution."""

    type: ClassVar[str] = "ticket.closed"
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_SEALED,)
    personal: ClassVar[tuple[str, ...]] = ("resolution",)
    personal_of: ClassVar[str | None] = "owner_id"
    outlives: ClassVar[bool] = True

    resolution: str | None
    previous_status: Literal["open", "triaged"]
    seconds_to_close: float
    owner_id: str | None = None


class TicketErased(DomainEvent):
    """What was written in a ticket of nobody's is forgotten, everywhere and for good: it was kept long enough."""

    type: ClassVar[str] = "ticket.erased"
    erases: ClassVar[bool] = True


TicketEvent = TicketOpened | TicketStatusChanged | TicketNoteAdded | TicketClosed | TicketErased
TICKET_EVENTS: tuple[type[DomainEvent], ...] = get_args(TicketEvent)
