"""The commands of a customer."""

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from command_service.customer.email import Email
from command_service.text import Line
from twinpath.domain import Command, Look, LookUp

_SIDE_BY_SIDE = 100


class CustomerAction(Command):
    """A command to one customer."""

    target: ClassVar[str] = "customer_id"

    customer_id: str


class RegisterCustomer(CustomerAction):
    """Become a customer: 409 `email_taken` when another one has the address. Name and email are kept sealed with a key
    of the customer's own."""

    type: ClassVar[str] = "register_customer"
    creates: ClassVar[bool] = True

    name: Line = Field(examples=["Ada Lovelace"])
    email: Email = Field(examples=["ada@example.org"])


class RenameCustomer(CustomerAction):
    """Go by another name; the same name again changes nothing."""

    type: ClassVar[str] = "rename_customer"

    name: Line = Field(examples=["Ada King"])


class ChangeEmail(CustomerAction):
    """Be reached at another address: 409 `email_taken` when another customer has it; the same again changes nothing."""

    type: ClassVar[str] = "change_email"

    email: Email = Field(examples=["ada.king@example.org"])


async def open_orders(look: Look, command: "EraseCustomer") -> tuple[str, ...]:
    """The orders of the customer that may still be sent to them. Raises Unavailable."""
    orders = await look.about(command.customer_id, "order")
    still_open: list[str] = []
    for some in (orders[place : place + _SIDE_BY_SIDE] for place in range(0, len(orders), _SIDE_BY_SIDE)):
        states = await asyncio.gather(*map(look, some))
        still_open += [order for order, state in zip(some, states, strict=True) if state.is_open]
    return tuple(still_open)


class EraseCustomer(CustomerAction):
    """Personal data disappears from every view, and the key that opens it in the log is destroyed. 409
    `customer_has_open_orders` while an order waits to be shipped: ship or cancel it first."""

    type: ClassVar[str] = "erase_customer"
    looked_up: ClassVar[Mapping[str, LookUp]] = {"open_orders": open_orders}

    open_orders: tuple[str, ...] = ()


CustomerCommand = RegisterCustomer | RenameCustomer | ChangeEmail | EraseCustomer
