"""The ticket as an aggregate, and how callers reach its commands."""

from command_service.ticket.commands import (
    AddAgentNote,
    ChangeTicketStatus,
    CloseTicket,
    EraseTicket,
    OpenTicket,
    TicketCommand,
)
from command_service.ticket.rules import Ticket, decide, evolve
from shared.events.ticket import TICKET_EVENTS, TicketEvent
from twinpath.domain import Aggregate

TICKET: Aggregate[TicketCommand, Ticket, TicketEvent] = Aggregate(
    "ticket",
    decide,
    evolve,
    Ticket,
    TICKET_EVENTS,
    erase=EraseTicket,
    owner=lambda _, ticket: ticket.customer_id,
)

TICKET.post(
    "",
    OpenTicket,
    allow="tickets:open",
    summary="Open a ticket",
    refuses=("customer_not_found", "order_not_found", "customer_erased"),
)
TICKET.put(
    "/{id}/status",
    ChangeTicketStatus,
    allow="tickets:work",
    summary="Triage a ticket, or put it back to open",
    refuses=("close_needs_resolution", "ticket_closed"),
)
TICKET.post(
    "/{id}/notes",
    AddAgentNote,
    allow="tickets:work",
    summary="Add an agent's note",
    refuses=("customer_erased", "ticket_erased"),
)
TICKET.post(
    "/{id}/close", CloseTicket, allow="tickets:work", summary="Close a ticket, for good", refuses=("ticket_closed",)
)
