"""The commands of a support ticket."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from command_service.facts import CustomerFact, Fact, customer_fact
from command_service.text import CustomerId, Line, Message, Note, OrderId
from shared.events.ticket import TicketStatus
from twinpath.domain import Command, Look, LookUp


class OrderFact(Fact):
    """What the write side knows of an order that a ticket is about."""

    customer_id: str


async def order_fact(look: Look, ticket: "OpenTicket") -> OrderFact | None:
    """What is known of the order that the ticket is about; None where there is none. Raises Unavailable."""
    order = None if ticket.order_id is None else await look(ticket.order_id)
    return None if order is None else OrderFact(customer_id=order.customer_id)


class TicketAction(Command):
    """A command to one ticket."""

    target: ClassVar[str] = "ticket_id"

    ticket_id: str


class OpenTicket(TicketAction):
    """Ask for help; about an order or for a customer, where the caller names them: they must exist. A ticket about an
    order is its customer's, unless another one is named. What is written is kept sealed, with the customer's key or one
    of the ticket's own, which ends some time after the ticket is closed."""

    type: ClassVar[str] = "open_ticket"
    creates: ClassVar[bool] = True
    looked_up: ClassVar[Mapping[str, LookUp]] = {"customer": customer_fact, "order": order_fact}

    subject: Line = Field(examples=["Parcel has not arrived"])
    message: Message = Field(examples=["Tracking says delivered on Monday, but nothing came."])
    customer_id: CustomerId | None = None
    order_id: OrderId | None = None
    customer: CustomerFact | None = None
    order: OrderFact | None = None


class ChangeTicketStatus(TicketAction):
    """Move a ticket between `open` and `triaged`; a ticket is closed with its own command."""

    type: ClassVar[str] = "change_ticket_status"

    status: TicketStatus = Field(examples=["triaged"])


class AddAgentNote(TicketAction):
    """Write down what an agent learnt or did; also on a closed ticket, but not for an erased customer."""

    type: ClassVar[str] = "add_agent_note"

    note: Note = Field(examples=["Asked the carrier for a proof of delivery."])


class CloseTicket(TicketAction):
    """Say how the ticket was resolved, and end it. The resolution is not kept where the customer is erased."""

    type: ClassVar[str] = "close_ticket"

    resolution: Note = Field(examples=["Found at the neighbour's."])


class EraseTicket(TicketAction):
    """Forget what was written in a closed ticket that is no customer's."""

    type: ClassVar[str] = "erase_ticket"


TicketCommand = OpenTicket | ChangeTicketStatus | AddAgentNote | CloseTicket | EraseTicket
