"""GET on orders: lists, one order, its history."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import StringConstraints

from query_service.examples import ORDER, ORDER_PAGE
from query_service.orders_queries import OrderQueries
from shared.events.order import OrderStatus
from shared.read_models.customers import CUSTOMERS
from shared.read_models.order_summaries import ORDER_SUMMARIES, OrderPage, OrderSummary
from twinpath.http.problem_details import problem_responses
from twinpath.ids import id_pattern
from twinpath.queries.endpoints.answering import (
    QUERY_HEADERS,
    QUERY_HEADERS_OF_ONE,
    answered,
    refuse_parameters,
    shown,
    wait_for_token,
    wait_for_version,
)
from twinpath.queries.endpoints.event_stream import frame, open_stream, streams
from twinpath.queries.endpoints.history import history_of
from twinpath.queries.endpoints.listing import LiveList, PageQuery, Parameters, Rows, answer_list, views_of
from twinpath.queries.reading.live import Changed
from twinpath.queries.reading.views import Selection

OrderId = Annotated[str, Path(pattern=id_pattern("order"), examples=[ORDER["order_id"]])]


class OrderFilters(Parameters):
    """Which orders."""

    status: OrderStatus | None = None
    customer_id: Annotated[str, StringConstraints(pattern=id_pattern("customer"))] | None = None

    @property
    def selection(self) -> Selection:
        """Newest first."""
        return Selection(ORDER_SUMMARIES, self.model_dump(include={"status", "customer_id"}, exclude_none=True))


class OrderListQuery(OrderFilters, PageQuery):
    """Which orders, newest first, and which page of them."""


router = APIRouter(prefix="/orders", tags=["orders"])


def order_queries(request: Request) -> OrderQueries:
    """The queries that the composition root gave to this app."""
    orders: OrderQueries = request.app.state.orders
    return orders


def order_rows(request: Request, fresh: bool = True) -> Rows:
    """Items with the customers' latest names; unless `fresh`, from the fast copy, which may trail."""
    return partial(order_queries(request).rows, fresh=fresh)


@router.get(
    "",
    summary="List orders, newest first",
    responses=shown(OrderPage, ORDER_PAGE) | problem_responses(400, 422, 503),
    openapi_extra=QUERY_HEADERS,
)
async def list_orders(query: Annotated[OrderListQuery, Query()], request: Request) -> Response:
    """Each with its customer's latest name."""
    fresh = await wait_for_token(request, ORDER_SUMMARIES.name, CUSTOMERS.name)
    return await answer_list(request, query.selection, query, order_rows(request, fresh))


@router.get("/events", summary="Orders as they change", **streams(422, 503))
async def list_events(filters: Annotated[OrderFilters, Query()], request: Request) -> Response:
    """`event: orders` is the first page, at the start and whenever changes were missed; then `event: order` is a row
    that is new or changed, `event: left` names an order that the filters don't take any more."""
    await wait_for_token(request, CUSTOMERS.name)
    source = LiveList(views_of(request), filters.selection, order_rows(request), "order", never_leaves="customer_id")
    return await open_stream(request, ORDER_SUMMARIES.name, None, source)


@router.get(
    "/{order_id}",
    summary="One order",
    responses=shown(OrderSummary, ORDER) | problem_responses(400, 404, 422, 503),
    openapi_extra=QUERY_HEADERS_OF_ONE,
)
async def one_order(order_id: OrderId, request: Request) -> Response:
    """With its customer's latest name; X-Version waits for a version of the order. Its version is for If-Match."""
    return await answer_order(request, order_id)


async def answer_order(request: Request, order_id: str) -> Response:
    """One order, as GET /orders/{id} answers it."""
    refuse_parameters(request)
    shows = partial(views_of(request).shows, ORDER_SUMMARIES, order_id)
    fresh = await wait_for_token(request, ORDER_SUMMARIES.name, CUSTOMERS.name)
    fresh |= await wait_for_version(request, ORDER_SUMMARIES.name, order_id, shows)
    order = await order_queries(request).ready(order_id, fresh)
    return answered(request, order.body, order.etag)


@router.get("/{order_id}/events", summary="One order as it changes", **streams(404, 422, 503))
async def order_events(order_id: OrderId, request: Request) -> Response:
    """`event: order`, first as it is, then after each change of the order; its `id` is the version."""
    refuse_parameters(request)
    await wait_for_token(request, CUSTOMERS.name)
    return await open_stream(request, ORDER_SUMMARIES.name, order_id, _LiveOrder(order_queries(request), order_id))


class _LiveOrder:
    def __init__(self, orders: OrderQueries, order_id: str) -> None:
        self._orders = orders
        self._order_id = order_id
        self._revision = 0

    async def everything(self) -> list[bytes]:
        order = await self._orders.ready(self._order_id, fresh=True)
        if order.revision <= self._revision:
            return []
        self._revision = order.revision
        return [frame("order", order.body, int(order.etag.strip('"').partition(".")[0]))]

    async def changes(self, changed: Changed) -> list[bytes]:
        return await self.everything()


history_of(router, "order")
