"""An address as callers write it."""

from typing import TYPE_CHECKING, Annotated

import pycountry
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from command_service.text import Line
from command_service.written import written_as
from shared.events.order import ShippingAddress


def _is_country(code: str) -> str:
    if pycountry.countries.get(alpha_2=code) is None:
        raise ValueError(f"{code!r} is no country of ISO 3166")
    return code


Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_is_country)]


class Address(BaseModel):
    """Where an order goes; `country` is an ISO 3166 two-letter code."""

    model_config = ConfigDict(extra="forbid")

    name: Line = Field(examples=["Ada Lovelace"])
    street: Line = Field(examples=["12 St James's Square"])
    city: Line = Field(examples=["London"])
    postal_code: Line = Field(examples=["SW1Y 4JH"])
    country: Country = Field(examples=["GB"])


def _as_kept(address: Address) -> ShippingAddress:
    return ShippingAddress(**address.model_dump())


if TYPE_CHECKING:
    AskedAddress = ShippingAddress
else:
    AskedAddress = written_as(Address, ShippingAddress, _as_kept)
"""The address in a command, checked as callers write it."""
