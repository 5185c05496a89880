"""POST, PUT and DELETE on customers: each body becomes a command; no rule lives here."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from command_service.customer import ChangeEmail, Email, EraseCustomer, RegisterCustomer, RenameCustomer
from command_service.text import Line
from twinpath.clock import utc_now
from twinpath.commands.accepting import COMMAND_HEADERS, Body, accept, accepted_response, bus_of
from twinpath.http.problem_details import problem_responses
from twinpath.ids import id_pattern, new_id

CustomerId = Annotated[
    str, Path(pattern=id_pattern("customer"), examples=["customer-0198c0de-0000-7000-8000-000000000002"])
]


class NameBody(Body):
    """The customer's name."""

    name: Line = Field(examples=["Ada Lovelace"])


class EmailBody(Body):
    """The customer's address for mail."""

    email: Email = Field(examples=["ada@example.org"])


class RegisterBody(NameBody, EmailBody):
    """A new customer."""


class CustomerAccepted(BaseModel):
    """The command took effect: which customer, and at what version they are now."""

    customer_id: str
    version: int
    status: str = "accepted"


router = APIRouter(prefix="/customers", tags=["customers"])
_ACCEPTED = accepted_response(200, CustomerAccepted) | problem_responses(400, 404, 409, 412, 413, 415, 422, 503)


@router.post(
    "",
    status_code=201,
    summary="Register a customer",
    responses=accepted_response(201, CustomerAccepted) | problem_responses(400, 413, 415, 422, 503),
    openapi_extra=COMMAND_HEADERS,
)
async def register(body: RegisterBody, request: Request) -> Response:
    """Answers 201 with `Location`. Name and email are kept sealed with a key of the customer's own."""
    command = RegisterCustomer.model_construct(
        customer_id=new_id("customer"), at=utc_now(), name=body.name, email=body.email
    )
    return await accept(bus_of(request), request, command, "customer_id", location="/api/v1/customers/")


@router.put("/{customer_id}/name", summary="Rename a customer", responses=_ACCEPTED, openapi_extra=COMMAND_HEADERS)
async def rename(customer_id: CustomerId, body: NameBody, request: Request) -> Response:
    """The same name again changes nothing."""
    command = RenameCustomer.model_construct(customer_id=customer_id, at=utc_now(), name=body.name)
    return await accept(bus_of(request), request, command, "customer_id")


@router.put("/{customer_id}/email", summary="Change the address", responses=_ACCEPTED, openapi_extra=COMMAND_HEADERS)
async def change_email(customer_id: CustomerId, body: EmailBody, request: Request) -> Response:
    """The same address again changes nothing."""
    command = ChangeEmail.model_construct(customer_id=customer_id, at=utc_now(), email=body.email)
    return await accept(bus_of(request), request, command, "customer_id")


@router.delete("/{customer_id}", summary="Erase a customer", responses=_ACCEPTED, openapi_extra=COMMAND_HEADERS)
async def erase(customer_id: CustomerId, request: Request) -> Response:
    """What is personal disappears from every view, and the key that opens it in the log is destroyed."""
    command = EraseCustomer.model_construct(customer_id=customer_id, at=utc_now())
    return await accept(bus_of(request), request, command, "customer_id")
