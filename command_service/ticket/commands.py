"""The commands of a support ticket."""

from typing import ClassVar

from pydantic import Field

from command_service.text import CustomerId, Line, Message, Note, OrderId
from shared.events.ticket import TicketStatus
from twinpath.domain import Command


class TicketAction(Command):
    """A command to one ticket."""

    target: ClassVar[str] = "ticket_id"

    ticket_id: str


class OpenTicket(TicketAction):
    """Ask for help; about an order or for a customer, where the caller names them."""

    type: ClassVar[str] = "open_ticket"
    creates: ClassVar[bool] = True

    subject: Line = Field(examples=["Parcel has not arrived"])
    message: Message = Field(examples=["Tracking says delivered on Monday, but nothing came."])
    customer_id: CustomerId | None = None
    order_id: OrderId | None = None


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
