"""POST on orders: each body becomes a command, with what must be looked up for it; no rule lives here."""

import asyncio
from typing import Annotated

import pycountry
from fastapi import APIRouter, Path, Request, Response
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from command_service.looking_up import customer_fact, product_facts
from command_service.order import CancelOrder, PlaceOrder, ShipOrder, Wish
from command_service.text import Line
from shared.events.order import ShippingAddress
from twinpath.clock import utc_now
from twinpath.commands.accepting import COMMAND_HEADERS, Body, accept, accepted_response, bus_of
from twinpath.commands.bus import CommandBus
from twinpath.http.problem_details import problem_responses
from twinpath.ids import id_pattern, new_id

OrderId = Annotated[str, Path(pattern=id_pattern("order"), examples=["order-0198c0de-0000-7000-8000-000000000003"])]


def _is_country(code: str) -> str:
    if pycountry.countries.get(alpha_2=code) is None:
        raise ValueError(f"{code!r} is no country of ISO 3166")
    return code


Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_is_country)]


class AddressBody(Body):
    """Where it goes; `country` is an ISO 3166 two-letter code."""

    name: Line = Field(examples=["Ada Lovelace"])
    street: Line = Field(examples=["12 St James's Square"])
    city: Line = Field(examples=["London"])
    postal_code: Line = Field(examples=["SW1Y 4JH"])
    country: Country = Field(examples=["GB"])


class LineBody(Body):
    """So many pieces of a product."""

    product_id: Annotated[str, StringConstraints(pattern=id_pattern("product"))]
    quantity: Annotated[int, Field(strict=True, ge=1, le=10_000, examples=[2])]


class PlaceOrderBody(Body):
    """What a customer orders, and where it goes."""

    customer_id: Annotated[str, StringConstraints(pattern=id_pattern("customer"))]
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=100)]
    shipping_address: AddressBody


class ShipBody(Body):
    """With whom it travels."""

    carrier: Line = Field(examples=["DHL"])
    tracking_number: Line = Field(examples=["00340434161094000000"])


class CancelBody(Body):
    """Why it is not wanted any more."""

    reason: Line = Field(examples=["Ordered twice by mistake"])


class OrderAccepted(BaseModel):
    """The command took effect: which order, and at what version it is now."""

    order_id: str
    version: int
    status: str = "accepted"


router = APIRouter(prefix="/orders", tags=["orders"])
_PROBLEMS_OF_ONE = problem_responses(400, 404, 409, 412, 413, 415, 422, 503)
_ACCEPTED = accepted_response(200, OrderAccepted) | _PROBLEMS_OF_ONE


async def place_command(bus: CommandBus, body: PlaceOrderBody) -> PlaceOrder:
    """The command, at the catalogue's prices of now."""
    customer, products = await asyncio.gather(
        customer_fact(bus, body.customer_id), product_facts(bus, (line.product_id for line in body.lines))
    )
    return PlaceOrder.model_construct(
        order_id=new_id("order"),
        at=utc_now(),
        customer_id=body.customer_id,
        lines=tuple(Wish(product_id=line.product_id, quantity=line.quantity) for line in body.lines),
        shipping_address=ShippingAddress(**body.shipping_address.model_dump()),
        customer=customer,
        products=products,
    )


@router.post(
    "",
    status_code=201,
    summary="Place an order",
    responses=accepted_response(201, OrderAccepted) | _PROBLEMS_OF_ONE,
    openapi_extra=COMMAND_HEADERS,
)
async def place_order(body: PlaceOrderBody, request: Request) -> Response:
    """At the prices of this moment. 409 `insufficient_stock` when a product is plainly short; who loses a race for the
    last pieces is rejected within moments, as the order then tells."""
    bus = bus_of(request)
    return await accept(bus, request, await place_command(bus, body), "order_id", location="/api/v1/orders/")


@router.post("/{order_id}/ship", summary="Ship an order", responses=_ACCEPTED, openapi_extra=COMMAND_HEADERS)
async def ship(order_id: OrderId, body: ShipBody, request: Request) -> Response:
    """Only a confirmed order ships."""
    command = ShipOrder.model_construct(
        order_id=order_id, at=utc_now(), carrier=body.carrier, tracking_number=body.tracking_number
    )
    return await accept(bus_of(request), request, command, "order_id")


@router.post("/{order_id}/cancel", summary="Cancel an order", responses=_ACCEPTED, openapi_extra=COMMAND_HEADERS)
async def cancel(order_id: OrderId, body: CancelBody, request: Request) -> Response:
    """Gives its stock back; a shipped order can't be cancelled."""
    command = CancelOrder.model_construct(order_id=order_id, at=utc_now(), reason=body.reason)
    return await accept(bus_of(request), request, command, "order_id")
