"""A customer's rules: registered, renamed, reached at another address, erased for good."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from command_service.customer.commands import (
    ChangeEmail,
    CustomerCommand,
    EraseCustomer,
    RegisterCustomer,
    RenameCustomer,
)
from command_service.customer.email import spellings
from shared.events.customer import (
    CustomerEmailChanged,
    CustomerErased,
    CustomerEvent,
    CustomerRegistered,
    CustomerRenamed,
)
from twinpath.domain import Claim, NotFound, RuleViolation

_MOST_NAMED = 20


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
        RuleViolation: `customer_exists`, `customer_erased` or `customer_has_open_orders`.
    """
    if isinstance(command, RegisterCustomer):
        if customer is not None:
            raise RuleViolation(f"Customer {command.customer_id} exists already.", code="customer_exists")
        return [CustomerRegistered(name=command.name, email=command.email)]
    if customer is None:
        raise NotFound(f"There is no customer {command.customer_id}.", code="customer_not_found")
    if isinstance(command, EraseCustomer):
        return _erase(command, customer)
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


def _erase(command: EraseCustomer, customer: Customer) -> list[CustomerEvent]:
    if customer.erased:
        return []
    if command.open_orders:
        detail = f"{len(command.open_orders)} orders of customer {command.customer_id} wait to be shipped."
        facts = {"customer_id": command.customer_id, "order_ids": list(command.open_orders[:_MOST_NAMED])}
        raise RuleViolation(detail, code="customer_has_open_orders", **facts)
    return [CustomerErased()]


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


def claims(customer: Customer) -> Iterator[Claim]:
    """An e-mail address belongs to one customer; who that is, nobody learns."""
    if customer.email is not None:
        detail = "This e-mail address belongs to another customer."
        for spelling in spellings(customer.email):
            yield Claim("email", spelling, personal=True, detail=detail)


def _existing(customer: Customer | None) -> Customer:
    assert customer is not None, "a customer's first event registers them"
    return customer
