"""The support desk's dashboard, and as it changes."""

from fastapi import APIRouter, Request, Response

from query_service.examples import DASHBOARD
from query_service.ticket_dashboard_queries import DashboardQueries
from shared.read_models.ticket_dashboard import TICKET_DASHBOARD, TicketDashboard
from twinpath.domain.views import Document
from twinpath.http.problem_details import problem_responses
from twinpath.queries.endpoints.answering import QUERY_HEADERS, answered, refuse_parameters, shown, wait_for_token
from twinpath.queries.endpoints.event_stream import frame, open_stream, streams
from twinpath.queries.reading.live import Changed

DASHBOARD_PACE = 0.25
"""A live dashboard is sent at most once in so many seconds."""

router = APIRouter(prefix="/tickets", tags=["tickets"])


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


@router.get("/dashboard/events", summary="The dashboard as it changes", **streams(422, 503))
async def dashboard_events(request: Request) -> Response:
    """`event: dashboard`, first as it is, then after changes, at most four times a second."""
    refuse_parameters(request)
    return await open_stream(request, TICKET_DASHBOARD.name, None, _Dashboard(request), DASHBOARD_PACE)


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
