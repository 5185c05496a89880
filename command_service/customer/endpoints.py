"""The customer as an aggregate, and how callers reach its commands."""

from command_service.customer.commands import (
    ChangeEmail,
    CustomerCommand,
    EraseCustomer,
    RegisterCustomer,
    RenameCustomer,
)
from command_service.customer.rules import Customer, claims, decide, evolve
from shared.events.customer import CUSTOMER_EVENTS, CustomerEvent
from twinpath.domain import Aggregate

CUSTOMER: Aggregate[CustomerCommand, Customer, CustomerEvent] = Aggregate(
    "customer",
    decide,
    evolve,
    Customer,
    CUSTOMER_EVENTS,
    snapshots=False,
    claims=claims,
    erase=EraseCustomer,
    owner=lambda customer_id, _: customer_id,
)

CUSTOMER.post("", RegisterCustomer, allow="customers:write", summary="Register a customer", refuses=("email_taken",))
CUSTOMER.put(
    "/{id}/name", RenameCustomer, allow="customers:write", summary="Rename a customer", refuses=("customer_erased",)
)
CUSTOMER.put(
    "/{id}/email",
    ChangeEmail,
    allow="customers:write",
    summary="Change the address",
    refuses=("customer_erased", "email_taken"),
)
CUSTOMER.delete(
    "/{id}",
    EraseCustomer,
    allow="customers:erase",
    summary="Erase a customer",
    refuses=("customer_has_open_orders",),
)
