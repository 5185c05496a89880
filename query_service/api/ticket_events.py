"""Server-Sent Events on tickets: the same JSON as the queries give, first as it is, then as it changes."""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from query_service.api.answering import CAUSAL_HEADERS, refuse_parameters
from query_service.api.event_stream import EventStream, frame, open_stream
from query_service.api.tickets import TicketFilters, TicketId, tickets_of
from query_service.live import Changed
from query_service.queries.ticket_dashboard import DashboardQueries
from query_service.queries.tickets import TicketQueries, row_of
from shared.http.problem_details import problem_responses
from shared.read_models.history import HISTORY, entry_id
from shared.read_models.ticket_dashboard import TICKET_DASHBOARD
from shared.read_models.ticket_details import TICKET_DETAILS
from shared.read_models.ticket_list import TICKET_LIST
from shared.view_store.interface import Document

_PAGE = 20
_DASHBOARD_PACE = 0.25

router = APIRouter(prefix="/tickets", tags=["tickets, live"])


def _streams(*problems: int) -> dict[str, Any]:
    """The options of a route that answers with a stream."""
    content = {"text/event-stream": {"schema": {"type": "string"}}}
    stream = {200: {"description": "Server-Sent Events, without end", "content": content}}
    return {
        "status_code": 200,
        "response_class": EventStream,
        "responses": stream | problem_responses(202, 400, *problems),
        "openapi_extra": CAUSAL_HEADERS,
    }


@router.get("/events", summary="Tickets as they change", **_streams(422, 503))
async def list_events(filters: Annotated[TicketFilters, Query()], request: Request) -> Response:
    """`event: tickets` is the first page of the list, at the start and whenever changes were missed; then
    `event: ticket` is a row that is new or changed, `event: left` names a ticket that the filters don't take any more.
    """
    return await open_stream(request, TICKET_LIST.name, None, _List(tickets_of(request), filters.filters))


@router.get("/dashboard/events", summary="The dashboard as it changes", **_streams(422, 503))
async def dashboard_events(request: Request) -> Response:
    """`event: dashboard`, first as it is, then after changes, at most four times a second."""
    refuse_parameters(request)
    return await open_stream(request, TICKET_DASHBOARD.name, None, _Dashboard(request), _DASHBOARD_PACE)


@router.get("/{ticket_id}/events", summary="One ticket as it changes", **_streams(404, 422, 503))
async def ticket_events(ticket_id: TicketId, request: Request) -> Response:
    """`event: ticket`, first as it is, then after each change; its `id` is the version."""
    refuse_parameters(request)
    return await open_stream(request, TICKET_DETAILS.name, ticket_id, _Details(tickets_of(request), ticket_id))


@router.get("/{ticket_id}/history/events", summary="A history as it grows", **_streams(404, 422, 503))
async def history_events(ticket_id: TicketId, request: Request) -> Response:
    """`event: history` for each entry, oldest first; its `id` is the version, and Last-Event-ID goes on after it."""
    refuse_parameters(request)
    seen = request.headers.get("last-event-id", "")
    after = int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= 10 else 0
    return await open_stream(request, HISTORY.name, ticket_id, _History(tickets_of(request), ticket_id, after))


class _List:
    def __init__(self, tickets: TicketQueries, filters: Mapping[str, object]) -> None:
        self._tickets = tickets
        self._filters = filters

    async def everything(self) -> list[bytes]:
        rows, _ = await self._tickets.page(self._filters, None, _PAGE)
        return [frame("tickets", _dumped({"items": rows}))]

    async def changes(self, changed: Changed) -> list[bytes]:
        frames = []
        for ticket_id, document in changed.items():
            if document is not None and all(document[name] == value for name, value in self._filters.items()):
                frames.append(frame("ticket", _dumped(row_of(document)), document["version"]))
            elif self._could_hold(document):
                frames.append(frame("left", _dumped({"ticket_id": ticket_id})))
        return frames

    def _could_hold(self, document: Document | None) -> bool:
        """Whose ticket it is never changes, so other customers' tickets were never in this list."""
        customer = self._filters.get("customer_id")
        return document is None or customer is None or document["customer_id"] == customer


class _Details:
    def __init__(self, tickets: TicketQueries, ticket_id: str) -> None:
        self._tickets = tickets
        self._ticket_id = ticket_id
        self._version = 0

    async def everything(self) -> list[bytes]:
        ticket = await self._tickets.details(self._ticket_id, fresh=True)
        return self._newer(int(ticket.etag.strip('"')), ticket.body)

    async def changes(self, changed: Changed) -> list[bytes]:
        document = changed[self._ticket_id]
        if document is None:
            return await self.everything()  # ends the stream when it is gone indeed
        return self._newer(document["version"], TICKET_DETAILS.rendered(document).body)

    def _newer(self, version: int, body: bytes) -> list[bytes]:
        if version <= self._version:
            return []
        self._version = version
        return [frame("ticket", body, version)]


class _Dashboard:
    def __init__(self, request: Request) -> None:
        self._dashboards: DashboardQueries = request.app.state.dashboards
        self._waits = request.app.state.waits
        self._parts: dict[str, Document] = {}
        self._body = b""

    async def everything(self) -> list[bytes]:
        self._parts = await self._dashboards.parts(await self._logs(), fresh=True)
        return await self._frames()

    async def changes(self, changed: Changed) -> list[bytes]:
        for part_id, part in changed.items():
            known = self._parts.get(part_id)
            if part is not None and (known is None or known["revision"] < part["revision"]):
                self._parts[part_id] = part
        return await self._frames()

    async def _frames(self) -> list[bytes]:
        body = self._dashboards.body(self._parts, await self._logs())
        if body == self._body:
            return []
        self._body = body
        return [frame("dashboard", body)]

    async def _logs(self) -> list[str]:
        logs: list[str] = await self._waits.logs(TICKET_DASHBOARD.name)
        return logs


class _History:
    def __init__(self, tickets: TicketQueries, ticket_id: str, after: int) -> None:
        self._tickets = tickets
        self._ticket_id = ticket_id
        self._after = after

    async def everything(self) -> list[bytes]:
        """Every entry after the last one sent, so that none is skipped or told twice."""
        frames: list[bytes] = []
        more = True
        while more:
            after = entry_id(self._ticket_id, self._after) if self._after else None
            entries, last = await self._tickets.history(self._ticket_id, after, 100)
            frames += [frame("history", _dumped(entry), entry["version"]) for entry in entries]
            self._after = entries[-1]["version"] if entries else self._after
            more = last is not None
        return frames

    async def changes(self, changed: Changed) -> list[bytes]:
        return await self.everything()


def _dumped(content: Document) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_UTC_Z)
