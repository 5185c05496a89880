"""A support ticket's rules: opened, triaged, noted on, closed for good, at last forgotten."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from command_service.facts import expect_customer
from command_service.ticket.commands import (
    AddAgentNote,
    ChangeTicketStatus,
    CloseTicket,
    EraseTicket,
    OpenTicket,
    TicketCommand,
)
from shared.events.ticket import (
    TicketClosed,
    TicketErased,
    TicketEvent,
    TicketNoteAdded,
    TicketOpened,
    TicketStatus,
    TicketStatusChanged,
)
from twinpath.domain import NotFound, RuleViolation


@dataclass(frozen=True)
class Ticket:
    """What the rules need to know of a ticket."""

    status: TicketStatus
    opened_at: datetime
    was_triaged: bool = False
    customer_id: str | None = None
    erased: bool = False


def decide(command: TicketCommand, ticket: Ticket | None) -> list[TicketEvent]:
    """What the command makes happen.

    Raises:
        NotFound: `ticket_not_found`, `customer_not_found` or `order_not_found`.
        RuleViolation: `ticket_exists`, `customer_erased`, `ticket_erased`, `ticket_closed` or
            `close_needs_resolution`.
    """
    if isinstance(command, OpenTicket):
        return _open(command, ticket)
    if ticket is None:
        raise NotFound(f"There is no ticket {command.ticket_id}.", code="ticket_not_found")
    match command:
        case ChangeTicketStatus():
            return _change_status(command, ticket)
        case AddAgentNote():
            return [TicketNoteAdded(note=command.note, owner_id=ticket.customer_id or command.ticket_id)]
        case CloseTicket():
            return _close(command, ticket)
        case EraseTicket():
            # what a customer's ticket says is erased with the customer
            due = ticket.status == "closed" and ticket.customer_id is None and not ticket.erased
            return [TicketErased()] if due else []
        case _:
            assert_never(command)


def evolve(ticket: Ticket | None, event: TicketEvent) -> Ticket:
    """The ticket after the event."""
    match event:
        case TicketOpened():
            return Ticket(status="open", opened_at=event.opened_at, customer_id=event.customer_id)
        case TicketStatusChanged():
            ticket = _existing(ticket)
            return replace(ticket, status=event.status, was_triaged=ticket.was_triaged or event.status == "triaged")
        case TicketNoteAdded():
            return _existing(ticket)
        case TicketClosed():
            return replace(_existing(ticket), status="closed")
        case TicketErased():
            return replace(_existing(ticket), erased=True)
        case _:
            assert_never(event)


def _open(command: OpenTicket, ticket: Ticket | None) -> list[TicketEvent]:
    if ticket is not None:
        raise RuleViolation(f"Ticket {command.ticket_id} is open already.", code="ticket_exists")
    if command.customer_id is not None:
        expect_customer(command.customer_id, command.customer)
    if command.order_id is not None and command.order is None:
        raise NotFound(f"There is no order {command.order_id}.", code="order_not_found", order_id=command.order_id)
    orders_customer = None if command.order is None else command.order.customer_id
    return [
        TicketOpened(
            subject=command.subject,
            message=command.message,
            customer_id=command.customer_id or orders_customer,
            order_id=command.order_id,
            opened_at=command.at,
        )
    ]


def _change_status(command: ChangeTicketStatus, ticket: Ticket) -> list[TicketEvent]:
    if command.status == "closed":
        raise RuleViolation(
            "A ticket is closed with POST /tickets/{id}/close, which says how it was resolved.",
            code="close_needs_resolution",
        )
    previous = _not_closed(command, ticket)
    if command.status == previous:
        return []
    first_triage = command.status == "triaged" and not ticket.was_triaged
    seconds = _seconds_since_opened(command, ticket) if first_triage else None
    return [TicketStatusChanged(status=command.status, previous_status=previous, seconds_to_triage=seconds)]


def _close(command: CloseTicket, ticket: Ticket) -> list[TicketEvent]:
    previous = _not_closed(command, ticket)
    seconds = _seconds_since_opened(command, ticket)
    return [
        TicketClosed(
            resolution=command.resolution,
            previous_status=previous,
            seconds_to_close=seconds,
            owner_id=ticket.customer_id or command.ticket_id,
        )
    ]


def _not_closed(command: ChangeTicketStatus | CloseTicket, ticket: Ticket) -> Literal["open", "triaged"]:
    if ticket.status == "closed":
        raise RuleViolation(f"Ticket {command.ticket_id} is closed, and closed for good.", code="ticket_closed")
    return ticket.status


def _seconds_since_opened(command: TicketCommand, ticket: Ticket) -> float:
    # clocks of two machines may differ by more than the ticket is old
    return max(0.0, (command.at - ticket.opened_at).total_seconds())


def _existing(ticket: Ticket | None) -> Ticket:
    assert ticket is not None, "a ticket's first event opens it"
    return ticket
