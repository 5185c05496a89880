"""A price as callers write it: an exact amount as text, with its currency."""

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from command_service.written import written_as
from shared.events.money import CurrencyCode, Money, minor_of

_PLAIN = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


def _is_plain(amount: object) -> object:
    if isinstance(amount, str) and _PLAIN.fullmatch(amount) is None:
        raise ValueError("write an amount as digits with a point, as in 19.99")
    return amount


class Price(BaseModel):
    """An exact amount, zero or more, with no more decimals than the currency has: text, so that no float touches it."""

    model_config = ConfigDict(extra="forbid")

    amount: Annotated[
        Decimal, BeforeValidator(_is_plain), Field(ge=0, allow_inf_nan=False, max_digits=18, examples=["19.99"])
    ]
    currency: CurrencyCode

    @model_validator(mode="after")
    def _is_exact(self) -> "Price":
        minor_of(self.amount, self.currency)
        return self

    def money(self) -> Money:
        """The same in minor units."""
        return Money(minor=minor_of(self.amount, self.currency), currency=self.currency)


if TYPE_CHECKING:
    AskedPrice = Money
else:
    AskedPrice = written_as(Price, Money, Price.money)
"""Money in a command, written by callers as a Price."""
