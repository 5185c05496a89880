"""A customer: registered, renamed, reached at another address, erased for good."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, assert_never

from pydantic import StringConstraints

from command_service.text import Line
from shared.events.customer import (
    CUSTOMER_EVENTS,
    CustomerEmailChanged,
    CustomerErased,
    CustomerEvent,
    CustomerRegistered,
    CustomerRenamed,
)
from twinpath.domain.aggregate import Aggregate, Command
from twinpath.errors import NotFound, RuleViolation

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=254,
        pattern=r"^[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]+\.[^@\s.\x00-\x1f\x7f]{2,}$",
    ),
]
"""Something before one @ and a domain behind it; whether it can be reached only a mail tells."""


class CustomerAction(Command):
    """A command to one customer."""

    target: ClassVar[str] = "customer_id"

    customer_id: str


class RegisterCustomer(CustomerAction):
    """Become a customer."""

    type: ClassVar[str] = "register_customer"

    creates: ClassVar[bool] = True

    name: Line
    email: Email


class RenameCustomer(CustomerAction):
    """Go by another name."""

    type: ClassVar[str] = "rename_customer"

    name: Line


class ChangeEmail(CustomerAction):
    """Be reached at another address."""

    type: ClassVar[str] = "change_email"

    email: Email


class EraseCustomer(CustomerAction):
    """Forget what is personal."""

    type: ClassVar[str] = "erase_customer"


CustomerCommand = RegisterCustomer | RenameCustomer | ChangeEmail | EraseCustomer


@dataclass(frozen=True)
class Customer:
    """What the rules need to know; name and email are None once the key that opens them is destroyed."""

    name: str | None
    email: str | None
    erased: bool = False


def decide(command: CustomerCommand, customer: Customer | None) -> list[CustomerEvent]:
    """What the command makes happen.

    Raises:
        NotFound: there is no such customer.
        RuleViolation: `customer_exists` or `customer_erased`.
    """
    if isinstance(command, RegisterCustomer):
        if customer is not None:
            raise RuleViolation(f"Customer {command.customer_id} exists already.", code="customer_exists")
        return [CustomerRegistered(name=command.name, email=command.email)]
    if customer is None:
        raise NotFound(f"There is no customer {command.customer_id}.", code="customer_not_found")
    if isinstance(command, EraseCustomer):
        return [] if customer.erased else [CustomerErased()]
    if customer.erased:
        detail = f"Customer {command.customer_id} is erased."
        raise RuleViolation(detail, code="customer_erased", customer_id=command.customer_id)
    match command:
        case RenameCustomer():
            return [] if command.name == customer.name else [CustomerRenamed(name=command.name)]
        case ChangeEmail():
            return [] if command.email == customer.email else [CustomerEmailChanged(email=command.email)]
        case _:
            assert_never(command)


def evolve(customer: Customer | None, event: CustomerEvent) -> Customer:
    """The customer after the event."""
    match event:
        case CustomerRegistered():
            return Customer(event.name, event.email)
        case CustomerRenamed():
            return replace(_existing(customer), name=event.name)
        case CustomerEmailChanged():
            return replace(_existing(customer), email=event.email)
        case CustomerErased():
            return Customer(name=None, email=None, erased=True)
        case _:
            assert_never(event)


def _existing(customer: Customer | None) -> Customer:
    assert customer is not None, "a customer's first event registers them"
    return customer


CUSTOMER: Aggregate[CustomerCommand, Customer, CustomerEvent] = Aggregate(
    "customer", decide, evolve, Customer, CUSTOMER_EVENTS, snapshots=False
)
