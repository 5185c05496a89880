"""Server-Sent Events on tickets: the same JSON as the queries give, as it changes."""

from collections.abc import Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from query_service.api.tickets import TicketFilters, TicketId, tickets_of
from query_service.live import LiveViews, Render
from shared.http.problem_details import problem_responses
from shared.read_models.history import HISTORY
from shared.read_models.ticket_dashboard import TICKET_DASHBOARD
from shared.read_models.ticket_details import TICKET_DETAILS
from shared.read_models.ticket_list import TICKET_LIST

router = APIRouter(prefix="/tickets", tags=["tickets, live"])
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Server-Sent Events"}
}


@router.get("/events", summary="Tickets as they change", responses=_STREAM | problem_responses(422))
async def list_events(filters: Annotated[TicketFilters, Query()], request: Request) -> StreamingResponse:
    """`event: ticket` with a row of the list; `event: reset` when changes were missed."""

    async def row(ticket_id: str) -> bytes | None:
        found = await tickets_of(request).row(ticket_id, filters.filters)
        return None if found is None else orjson.dumps(found, option=orjson.OPT_UTC_Z)

    return _stream(request, TICKET_LIST.name, lambda _: True, "ticket", row)


@router.get("/dashboard/events", summary="The dashboard as it changes", responses=_STREAM)
async def dashboard_events(request: Request) -> StreamingResponse:
    """`event: dashboard`, first as it is, then after each change."""

    async def dashboard(_: str) -> bytes:
        logs = request.app.state.waits.logs(TICKET_DASHBOARD.name)
        return orjson.dumps(await tickets_of(request).dashboard(logs, fresh=True))

    return _stream(request, TICKET_DASHBOARD.name, lambda _: True, "dashboard", dashboard, await dashboard(""))


@router.get("/{ticket_id}/events", summary="One ticket as it changes", responses=_STREAM | problem_responses(404, 422))
async def ticket_events(ticket_id: TicketId, request: Request) -> StreamingResponse:
    """`event: ticket`, first as it is, then after each change."""

    async def details(_: str) -> bytes:
        return (await tickets_of(request).details(ticket_id, fresh=True)).body

    return _stream(request, TICKET_DETAILS.name, ticket_id.__eq__, "ticket", details, await details(ticket_id))


@router.get("/{ticket_id}/history/events", summary="A history as it grows", responses=_STREAM | problem_responses(422))
async def history_events(ticket_id: TicketId, request: Request) -> StreamingResponse:
    """`event: history` with each new entry."""

    async def entry(entry_id: str) -> bytes:
        return orjson.dumps(await tickets_of(request).entry(entry_id), option=orjson.OPT_UTC_Z)

    return _stream(request, HISTORY.name, lambda entry_id: entry_id.startswith(f"{ticket_id}@"), "history", entry)


def _stream(
    request: Request,
    view: str,
    wants: Callable[[str], bool],
    name: str,
    render: Render,
    first: bytes | None = None,
) -> StreamingResponse:
    live: LiveViews = request.app.state.live
    return StreamingResponse(
        live.events(view, wants, name, render, first),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )
