"""The commands of a support ticket."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from command_service.facts import CustomerFact, customer_fact
from command_service.text import CustomerId, Line, Message, Note, OrderId
from shared.events.ticket import TicketStatus
from twinpath.domain import Command, Look, LookUp


async def order_exists(look: Look, ticket: "OpenTicket") -> bool:
    """Whether the order that the ticket is about exists; False without any. Raises Unavailable."""
    return ticket.order_id is not None and await look(ticket.order_id) is not None


class TicketAction(Command):
    """A command to one ticket."""

    target: ClassVar[str] = "ticket_id"

    ticket_id: str


class OpenTicket(TicketAction):
    """Ask for help; about an order or for a customer, where the caller names them: they must exist."""

    type: ClassVar[str] = "open_ticket"
    creates: ClassVar[bool] = True
    looked_up: ClassVar[Mapping[str, LookUp]] = {"customer": customer_fact, "order_exists": order_exists}

    subject: Line = Field(examples=["Parcel has not arrived"])
    message: Message = Field(examples=["Tracking says delivered on Monday, but nothing came."])
    customer_id: CustomerId | None = None
    order_id: OrderId | None = None
    customer: CustomerFact | None = None
    order_exists: bool = False


class ChangeTicketStatus(TicketAction):
    """Move a ticket between `open` and `triaged`; a ticket is closed with its own command."""

    type: ClassVar[str] = "change_ticket_status"

    status: TicketStatus = Field(examples=["triaged"])


class AddAgentNote(TicketAction):
    """Write down what an agent learnt or did; also on a closed ticket."""

    type: ClassVar[str] = "add_agent_note"

    note: Note = Field(examples=["Asked the carrier for a proof of delivery."])


class CloseTicket(TicketAction):
    """Say how the ticket was resolved, and end it."""

    type: ClassVar[str] = "close_ticket"

    resolution: Note = Field(examples=["Found at the neighbour's."])


TicketCommand = OpenTicket | ChangeTicketStatus | AddAgentNote | CloseTicket
