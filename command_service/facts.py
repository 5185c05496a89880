"""Facts of other aggregates that commands look up when they come in."""

from typing import Protocol

from pydantic import BaseModel, ConfigDict

from twinpath.domain import Look, NotFound, RuleViolation


class Fact(BaseModel):
    """Something that was true when the command came in."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CustomerFact(Fact):
    """What the write side knows of the customer just now."""

    erased: bool


class _NamesACustomer(Protocol):
    @property
    def customer_id(self) -> str | None: ...


async def customer_fact(look: Look, command: _NamesACustomer) -> CustomerFact | None:
    """What is known of the customer that the command names; None where there is none. Raises Unavailable."""
    customer = None if command.customer_id is None else await look(command.customer_id)
    return None if customer is None else CustomerFact(erased=customer.erased)


def expect_customer(customer_id: str, customer: CustomerFact | None) -> None:
    """Refuse a customer who does not exist, or no more.

    Raises:
        NotFound: `customer_not_found`.
        RuleViolation: `customer_erased`.
    """
    if customer is None:
        detail = f"There is no customer {customer_id}."
        raise NotFound(detail, code="customer_not_found", customer_id=customer_id)
    if customer.erased:
        detail = f"Customer {customer_id} is erased."
        raise RuleViolation(detail, code="customer_erased", customer_id=customer_id)
