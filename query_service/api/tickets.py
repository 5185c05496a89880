"""GET on tickets: lists, the dashboard, one ticket, its history."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from query_service.api.answering import (
    QUERY_HEADERS,
    QUERY_HEADERS_OF_ONE,
    answered,
    page_answered,
    refuse_parameters,
    shown,
    wait_for_token,
    wait_for_version,
)
from query_service.api.examples import DASHBOARD, HISTORY_PAGE, TICKET, TICKET_ID, TICKET_PAGE
from query_service.cursor import decode_cursor, encode_cursor
from query_service.queries.ticket_dashboard import DashboardQueries
from query_service.queries.tickets import TicketQueries
from shared.http.problem_details import problem_responses
from shared.ids import id_pattern
from shared.read_models.history import HISTORY, HistoryPage
from shared.read_models.ticket_dashboard import TICKET_DASHBOARD, TicketDashboard
from shared.read_models.ticket_details import TICKET_DETAILS, TicketDetails
from shared.read_models.ticket_list import TICKET_LIST, TicketPage

TicketId = Annotated[str, Path(pattern=id_pattern("ticket"), examples=[TICKET_ID])]
Cursor = Annotated[str | None, Field(max_length=500, description="`next` of the page before")]
Limit = Annotated[int, Field(ge=1, le=100, description="items a page")]


class TicketFilters(BaseModel):
    """Which tickets."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["open", "triaged", "closed"] | None = None
    has_note: bool | None = None
    customer_id: Annotated[str, StringConstraints(pattern=id_pattern("customer"))] | None = None

    @property
    def filters(self) -> dict[str, object]:
        """The fields that a row must have."""
        return self.model_dump(include={"status", "has_note", "customer_id"}, exclude_none=True)


class ListQuery(TicketFilters):
    """Which tickets, newest first, and which page of them."""

    limit: Limit = 20
    cursor: Cursor = None


class HistoryQuery(BaseModel):
    """Which part of a history; oldest first."""

    model_config = ConfigDict(extra="forbid")

    limit: Limit = 20
    cursor: Cursor = None


router = APIRouter(prefix="/tickets", tags=["tickets"])


@router.get(
    "",
    summary="List tickets, newest first",
    responses=shown(TicketPage, TICKET_PAGE) | problem_responses(400, 422, 503),
    openapi_extra=QUERY_HEADERS,
)
async def list_tickets(query: Annotated[ListQuery, Query()], request: Request) -> Response:
    """Pages are stable under new tickets: `next` continues after the last item, wherever it stands by then."""
    after = None if query.cursor is None else decode_cursor(query.cursor, query.filters)
    await wait_for_token(request, TICKET_LIST.name)
    rows, last = await tickets_of(request).page(query.filters, after, query.limit)
    return page_answered(request, rows, None if last is None else encode_cursor(last, query.filters))


@router.get(
    "/dashboard",
    summary="How the support desk is doing",
    responses=shown(TicketDashboard, DASHBOARD) | problem_responses(400, 422, 503),
    openapi_extra=QUERY_HEADERS,
)
async def dashboard(request: Request) -> Response:
    """Counts by status, opened and closed on each of the last 30 days (UTC), median hours to triage and to close."""
    refuse_parameters(request)
    fresh = await wait_for_token(request, TICKET_DASHBOARD.name)
    dashboards: DashboardQueries = request.app.state.dashboards
    logs = await request.app.state.waits.logs(TICKET_DASHBOARD.name)
    return answered(request, dashboards.body(await dashboards.parts(logs, fresh), logs))


@router.get(
    "/{ticket_id}",
    summary="One ticket with its notes",
    responses=shown(TicketDetails, TICKET) | problem_responses(400, 404, 422, 503),
    openapi_extra=QUERY_HEADERS_OF_ONE,
)
async def one_ticket(ticket_id: TicketId, request: Request) -> Response:
    """The ETag is the ticket's version, for If-Match on a command. X-Version waits for a version."""
    refuse_parameters(request)
    tickets = tickets_of(request)
    fresh = await wait_for_token(request, TICKET_DETAILS.name)
    fresh |= await wait_for_version(request, TICKET_DETAILS.name, ticket_id, partial(tickets.shows, ticket_id))
    ticket = await tickets.details(ticket_id, fresh)
    return answered(request, ticket.body, ticket.etag)


@router.get(
    "/{ticket_id}/history",
    summary="Every event of one ticket, oldest first",
    responses=shown(HistoryPage, HISTORY_PAGE) | problem_responses(400, 404, 422, 503),
    openapi_extra=QUERY_HEADERS_OF_ONE,
)
async def history(ticket_id: TicketId, query: Annotated[HistoryQuery, Query()], request: Request) -> Response:
    """What happened, when and who did it."""
    stream = {"stream": ticket_id}
    after = None if query.cursor is None else decode_cursor(query.cursor, stream)
    tickets = tickets_of(request)
    await wait_for_token(request, HISTORY.name)
    await wait_for_version(request, HISTORY.name, ticket_id, partial(tickets.history_shows, ticket_id))
    entries, last = await tickets.history(ticket_id, after, query.limit)
    return page_answered(request, entries, None if last is None else encode_cursor(last, stream))


def tickets_of(request: Request) -> TicketQueries:
    """The queries that the composition root gave to this app."""
    tickets: TicketQueries = request.app.state.tickets
    return tickets
