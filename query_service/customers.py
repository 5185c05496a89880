"""GET on customers: the list, one customer, their latest orders, their history."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from query_service.examples import CUSTOMER, CUSTOMER_PAGE, ORDER_PAGE
from query_service.orders import order_queries, order_rows
from shared.events.order import OrderStatus
from shared.read_models.customer_orders import CUSTOMER_ORDERS, KEPT
from shared.read_models.customers import CUSTOMERS, CustomerDetails, CustomerPage
from shared.read_models.order_summaries import ORDER_SUMMARIES, OrderPage
from twinpath.http.problem_details import problem_responses
from twinpath.ids import id_pattern
from twinpath.queries.endpoints.answering import QUERY_HEADERS, page_answered, shown, wait_for_token
from twinpath.queries.endpoints.event_stream import open_stream, streams
from twinpath.queries.endpoints.history import history_of
from twinpath.queries.endpoints.listing import LiveList, PageQuery, Parameters, answer_list, fields_of, views_of
from twinpath.queries.endpoints.one_document import Resource, one_document
from twinpath.queries.reading.cursor import encode_cursor
from twinpath.queries.reading.views import Selection

CUSTOMER_RESOURCE = Resource("customer", CUSTOMERS, CustomerDetails, CUSTOMER)
CustomerId = Annotated[str, Path(pattern=id_pattern("customer"))]
_ROWS = fields_of(CustomerDetails)


class CustomerFilters(Parameters):
    """Which customers."""

    status: Literal["active", "erased"] | None = None

    @property
    def selection(self) -> Selection:
        """Newest first."""
        return Selection(CUSTOMERS, self.model_dump(include={"status"}, exclude_none=True))


class CustomerListQuery(CustomerFilters, PageQuery):
    """Which customers, newest first, and which page of them."""


class OrdersOfOne(Parameters):
    """Which of a customer's orders."""

    status: OrderStatus | None = None


class OrdersOfOneQuery(OrdersOfOne, PageQuery):
    """Which of a customer's orders, newest first, and which page of them."""


router = APIRouter(prefix=CUSTOMER_RESOURCE.path, tags=["customers"])


@router.get(
    "",
    summary="List customers, newest first",
    responses=shown(CustomerPage, CUSTOMER_PAGE) | problem_responses(400, 422, 503),
    openapi_extra=QUERY_HEADERS,
)
async def list_customers(query: Annotated[CustomerListQuery, Query()], request: Request) -> Response:
    """Erased ones stay in the list, without name and email."""
    return await answer_list(request, query.selection, query, _ROWS)


@router.get("/events", summary="Customers as they change", **streams(422, 503))
async def list_events(filters: Annotated[CustomerFilters, Query()], request: Request) -> Response:
    """`event: customers` is the first page, at the start and whenever changes were missed; then `event: customer` is
    one that is new or changed, `event: left` names one that the filter doesn't take any more."""
    source = LiveList(views_of(request), filters.selection, _ROWS, "customer")
    return await open_stream(request, CUSTOMERS.name, None, source)


@router.get(
    "/{customer_id}/orders",
    summary="A customer's orders, newest first",
    responses=shown(OrderPage, ORDER_PAGE) | problem_responses(400, 404, 422, 503),
    openapi_extra=QUERY_HEADERS,
)
async def customers_orders(
    customer_id: CustomerId, query: Annotated[OrdersOfOneQuery, Query()], request: Request
) -> Response:
    """The latest 50 come from the fast copy, what is older or asked for by status from the view itself."""
    orders = order_queries(request)
    selection = orders.of_customer(customer_id, query.status)
    if query.cursor is not None or query.status is not None or query.limit > KEPT:
        fresh = await wait_for_token(request, CUSTOMERS.name)
        await views_of(request).ready(CUSTOMERS, customer_id, fresh)  # or there is no such customer
        return await answer_list(request, selection, query, order_rows(request), CUSTOMERS.name)
    fresh = await wait_for_token(request, CUSTOMER_ORDERS.name, ORDER_SUMMARIES.name, CUSTOMERS.name)
    logs = await request.app.state.waits.logs(CUSTOMER_ORDERS.name)
    rows, last = await orders.latest(customer_id, logs, query.limit, fresh)
    following = None if last is None else encode_cursor((None, last), selection.identity)
    return page_answered(request, rows, following)


@router.get("/{customer_id}/orders/events", summary="A customer's orders as they change", **streams(422, 503))
async def customers_orders_events(
    customer_id: CustomerId, filters: Annotated[OrdersOfOne, Query()], request: Request
) -> Response:
    """As `/orders/events`, of one customer."""
    selection = order_queries(request).of_customer(customer_id, filters.status)
    source = LiveList(views_of(request), selection, order_rows(request), "order", never_leaves="customer_id")
    return await open_stream(request, ORDER_SUMMARIES.name, None, source)


one_document(router, CUSTOMER_RESOURCE)
history_of(router, "customer")
