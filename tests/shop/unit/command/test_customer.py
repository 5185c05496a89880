"""The rules of a customer: what each command yields, what it refuses, when it stays quiet."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from command_service.customer.commands import (
    ChangeEmail,
    CustomerCommand,
    EraseCustomer,
    RegisterCustomer,
    RenameCustomer,
)
from command_service.customer.email import Email
from command_service.customer.rules import Customer, decide, evolve
from shared.events.customer import (
    CustomerEmailChanged,
    CustomerErased,
    CustomerEvent,
    CustomerRegistered,
    CustomerRenamed,
)
from twinpath.errors import NotFound, RuleViolation

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REGISTERED = CustomerRegistered(name="Ada", email="ada@example.org")


def after(*events: CustomerEvent) -> Customer | None:
    customer = None
    for event in events:
        customer = evolve(customer, event)
    return customer


def told(kind: type[Any], **fields: Any) -> CustomerCommand:
    command: CustomerCommand = kind(customer_id="customer-1", at=NOW, **fields)
    return command


@pytest.mark.parametrize(
    ("history", "command", "happened"),
    [
        ([], told(RegisterCustomer, name="Ada", email="ada@example.org"), [REGISTERED]),
        ([REGISTERED], told(RenameCustomer, name="Ada King"), [CustomerRenamed(name="Ada King")]),
        ([REGISTERED], told(ChangeEmail, email="a@b.org"), [CustomerEmailChanged(email="a@b.org")]),
        ([REGISTERED], told(EraseCustomer), [CustomerErased()]),
    ],
)
def test_a_command_yields(
    history: list[CustomerEvent], command: CustomerCommand, happened: list[CustomerEvent]
) -> None:
    assert decide(command, after(*history)) == happened


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ([REGISTERED], told(RenameCustomer, name="Ada")),
        ([REGISTERED], told(ChangeEmail, email="ada@example.org")),
        ([REGISTERED, CustomerErased()], told(EraseCustomer)),
    ],
)
def test_a_command_stays_quiet(history: list[CustomerEvent], command: CustomerCommand) -> None:
    assert decide(command, after(*history)) == []


@pytest.mark.parametrize("command", [told(RenameCustomer, name="A"), told(ChangeEmail, email="a@b.org")])
def test_an_erased_customer_takes_no_command(command: CustomerCommand) -> None:
    with pytest.raises(RuleViolation) as refused:
        decide(command, after(REGISTERED, CustomerErased()))
    assert refused.value.code == "customer_erased"


def test_a_customer_is_registered_once() -> None:
    with pytest.raises(RuleViolation) as refused:
        decide(told(RegisterCustomer, name="A", email="a@b.org"), after(REGISTERED))
    assert refused.value.code == "customer_exists"


@pytest.mark.parametrize(
    "command", [told(RenameCustomer, name="A"), told(ChangeEmail, email="a@b.org"), told(EraseCustomer)]
)
def test_a_customer_that_does_not_exist_takes_no_command(command: CustomerCommand) -> None:
    with pytest.raises(NotFound) as refused:
        decide(command, None)
    assert refused.value.code == "customer_not_found"


@pytest.mark.parametrize(
    "email", ["", "ada", "@b.org", "a@", "a@b", "a@b@c.org", "a b@c.org", "a@b.org\x00", "a" * 250 + "@b.org"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Email).validate_python(email)
