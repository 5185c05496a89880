"""GET on tickets: lists, one ticket, its history."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import StringConstraints

from query_service.examples import TICKET, TICKET_PAGE
from shared.read_models.ticket_details import TICKET_DETAILS, TicketDetails
from shared.read_models.ticket_list import TICKET_LIST, TicketPage, TicketRow
from twinpath.http.problem_details import problem_responses
from twinpath.ids import id_pattern
from twinpath.queries.endpoints.answering import QUERY_HEADERS, shown
from twinpath.queries.endpoints.event_stream import open_stream, streams
from twinpath.queries.endpoints.history import history_of
from twinpath.queries.endpoints.listing import LiveList, PageQuery, Parameters, answer_list, fields_of, views_of
from twinpath.queries.endpoints.one_document import Resource, one_document
from twinpath.queries.reading.views import Selection

TICKETS = Resource("ticket", TICKET_DETAILS, TicketDetails, TICKET)
_ROWS = fields_of(TicketRow)


class TicketFilters(Parameters):
    """Which tickets."""

    status: Literal["open", "triaged", "closed"] | None = None
    has_note: bool | None = None
    customer_id: Annotated[str, StringConstraints(pattern=id_pattern("customer"))] | None = None

    @property
    def selection(self) -> Selection:
        """Newest first."""
        return Selection(TICKET_LIST, self.model_dump(include=set(TicketFilters.model_fields), exclude_none=True))


class TicketListQuery(TicketFilters, PageQuery):
    """Which tickets, newest first, and which page of them."""


router = APIRouter(prefix=TICKETS.path, tags=["tickets"])


@router.get(
    "",
    summary="List tickets, newest first",
    responses=shown(TicketPage, TICKET_PAGE) | problem_responses(400, 422, 503),
    openapi_extra=QUERY_HEADERS,
)
async def list_tickets(query: Annotated[TicketListQuery, Query()], request: Request) -> Response:
    """Pages are stable under new tickets: `next` continues after the last item, wherever it stands by then."""
    return await answer_list(request, query.selection, query, _ROWS)


@router.get("/events", summary="Tickets as they change", **streams(422, 503))
async def list_events(filters: Annotated[TicketFilters, Query()], request: Request) -> Response:
    """`event: tickets` is the first page of the list, at the start and whenever changes were missed; then
    `event: ticket` is a row that is new or changed, `event: left` names a ticket that the filters don't take any more.
    """
    source = LiveList(views_of(request), filters.selection, _ROWS, "ticket", never_leaves="customer_id")
    return await open_stream(request, TICKET_LIST.name, None, source)


one_document(router, TICKETS)
history_of(router, "ticket")
