"""POST and PUT on tickets: each body becomes a command; no rule lives here."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from command_service.text import Line, Message, Note
from command_service.ticket import AddAgentNote, ChangeTicketStatus, CloseTicket, OpenTicket
from shared.events.ticket import TicketStatus
from twinpath.clock import utc_now
from twinpath.commands.accepting import COMMAND_HEADERS, Body, accept, accepted_response, bus_of
from twinpath.http.problem_details import problem_responses
from twinpath.ids import id_pattern, new_id

TicketId = Annotated[str, Path(pattern=id_pattern("ticket"), examples=["ticket-0198c0de-0000-7000-8000-000000000001"])]


class OpenTicketBody(Body):
    """What a customer, or somebody for them, asks."""

    subject: Line = Field(examples=["Parcel has not arrived"])
    message: Message = Field(examples=["Tracking says delivered on Monday, but nothing came."])
    customer_id: Annotated[str, StringConstraints(pattern=id_pattern("customer"))] | None = None
    order_id: Annotated[str, StringConstraints(pattern=id_pattern("order"))] | None = None


class StatusBody(Body):
    """`open` or `triaged`; a ticket is closed with its own command."""

    status: TicketStatus = Field(examples=["triaged"])


class NoteBody(Body):
    """What an agent found or did."""

    note: Note = Field(examples=["Asked the carrier for a proof of delivery."])


class CloseBody(Body):
    """How the ticket was resolved."""

    resolution: Note = Field(examples=["Found at the neighbour's."])


class TicketAccepted(BaseModel):
    """The command took effect: which ticket, and at what version it is now."""

    ticket_id: str
    version: int
    status: str = "accepted"


def open_command(body: OpenTicketBody) -> OpenTicket:
    """The command, for a fresh id."""
    return OpenTicket.model_construct(ticket_id=new_id("ticket"), at=utc_now(), **body.__dict__)


router = APIRouter(prefix="/tickets", tags=["tickets"])
_PROBLEMS = problem_responses(400, 413, 415, 422, 503)
_PROBLEMS_OF_ONE = problem_responses(400, 404, 409, 412, 413, 415, 422, 503)


@router.post(
    "",
    status_code=201,
    summary="Open a ticket",
    responses=accepted_response(201, TicketAccepted) | _PROBLEMS,
    openapi_extra=COMMAND_HEADERS,
)
async def open_ticket(body: OpenTicketBody, request: Request) -> Response:
    """Answers 201 with `Location`; a repeated Idempotency-Key gets the first answer again."""
    return await accept(bus_of(request), request, open_command(body), "ticket_id", location="/api/v1/tickets/")


@router.put(
    "/{ticket_id}/status",
    summary="Triage a ticket, or put it back to open",
    responses=accepted_response(200, TicketAccepted) | _PROBLEMS_OF_ONE,
    openapi_extra=COMMAND_HEADERS,
)
async def change_status(ticket_id: TicketId, body: StatusBody, request: Request) -> Response:
    """The same status again changes nothing and answers with the version that stands."""
    command = ChangeTicketStatus.model_construct(ticket_id=ticket_id, at=utc_now(), status=body.status)
    return await accept(bus_of(request), request, command, "ticket_id")


@router.post(
    "/{ticket_id}/notes",
    summary="Add an agent's note",
    responses=accepted_response(200, TicketAccepted) | _PROBLEMS_OF_ONE,
    openapi_extra=COMMAND_HEADERS,
)
async def add_note(ticket_id: TicketId, body: NoteBody, request: Request) -> Response:
    """A note may be added at any time, also after the close; X-Actor says whose it is."""
    command = AddAgentNote.model_construct(ticket_id=ticket_id, at=utc_now(), note=body.note)
    return await accept(bus_of(request), request, command, "ticket_id")


@router.post(
    "/{ticket_id}/close",
    summary="Close a ticket, for good",
    responses=accepted_response(200, TicketAccepted) | _PROBLEMS_OF_ONE,
    openapi_extra=COMMAND_HEADERS,
)
async def close_ticket(ticket_id: TicketId, body: CloseBody, request: Request) -> Response:
    """A closed ticket is never reopened."""
    command = CloseTicket.model_construct(ticket_id=ticket_id, at=utc_now(), resolution=body.resolution)
    return await accept(bus_of(request), request, command, "ticket_id")
