"""The commands of a customer."""

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from command_service.text import Line
from twinpath.domain import Command

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


class EraseCustomer(CustomerAction):
    """Personal data disappears from every view, and the key that opens it in the log is destroyed."""

    type: ClassVar[str] = "erase_customer"


CustomerCommand = RegisterCustomer | RenameCustomer | ChangeEmail | EraseCustomer
