"""The shop's dashboard, and as it changes."""

from fastapi import APIRouter, Request, Response

from query_service.examples import SHOP_DASHBOARD_EXAMPLE
from query_service.shop_dashboard_queries import ShopDashboardQueries
from query_service.ticket_dashboard import DASHBOARD_PACE
from shared.read_models.shop_dashboard import PRODUCT_SALES, SHOP_DASHBOARD, ShopDashboard
from twinpath.http.problem_details import problem_responses
from twinpath.queries.endpoints.answering import QUERY_HEADERS, answered, refuse_parameters, shown, wait_for_token
from twinpath.queries.endpoints.event_stream import frame, open_stream, streams
from twinpath.queries.reading.live import Changed

router = APIRouter(prefix="/shop", tags=["shop"])


@router.get(
    "/dashboard",
    summary="How the shop is doing",
    responses=shown(ShopDashboard, SHOP_DASHBOARD_EXAMPLE) | problem_responses(400, 422, 503),
    openapi_extra=QUERY_HEADERS,
)
async def dashboard(request: Request) -> Response:
    """Orders by status, revenue by currency, category and day (UTC, the last 30), the ten best-selling products.

    Revenue counts from the moment an order is confirmed; one that is cancelled later is taken back from that day.
    """
    refuse_parameters(request)
    fresh = await wait_for_token(request, SHOP_DASHBOARD.name, PRODUCT_SALES.name)
    return answered(request, await _body(request, fresh))


@router.get("/dashboard/events", summary="The shop's dashboard as it changes", **streams(422, 503))
async def dashboard_events(request: Request) -> Response:
    """`event: dashboard`, first as it is, then after changes, at most four times a second."""
    refuse_parameters(request)
    source, sales = _Dashboard(request), (PRODUCT_SALES.name,)
    return await open_stream(request, SHOP_DASHBOARD.name, None, source, DASHBOARD_PACE, also=sales)


async def _body(request: Request, fresh: bool) -> bytes:
    dashboards: ShopDashboardQueries = request.app.state.shop_dashboards
    return await dashboards.body(await request.app.state.waits.logs(SHOP_DASHBOARD.name), fresh)


class _Dashboard:
    def __init__(self, request: Request) -> None:
        self._request = request
        self._sent = b""

    async def everything(self) -> list[bytes]:
        body = await _body(self._request, fresh=True)
        if body == self._sent:
            return []
        self._sent = body
        return [frame("dashboard", body)]

    async def changes(self, changed: Changed) -> list[bytes]:
        return await self.everything()
