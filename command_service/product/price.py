"""A price as callers write it: an exact amount as text, with its currency."""

import re
from decimal import Decimal
from typing import Annotated

from iso4217 import Currency
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializationInfo,
    model_validator,
)

from command_service.written import WrittenAs
from shared.events.money import MOST_MINOR, Money, unstored_digits
from twinpath.domain import FINGERPRINT

_PLAIN = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")


def digits_of(currency: str) -> int:
    """How many decimals a currency has today: 2 for EUR, 0 for JPY. Raises ValueError where there is no such one."""
    try:
        digits = Currency(currency).exponent
    except ValueError:
        digits = None
    if digits is None:
        raise ValueError(f"{currency!r} is no currency of ISO 4217 that prices can be in")
    return digits


def is_in_use(currency: str) -> bool:
    """Whether prices of today can be in this currency."""
    try:
        digits_of(currency)
    except ValueError:
        return False
    return True


def _of_today(currency: str) -> str:
    digits_of(currency)
    return currency


CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"]), AfterValidator(_of_today)]
"""An ISO 4217 code, such as EUR, that is in use."""


def money_of(amount: Decimal, currency: str) -> Money:
    """An exact amount with the digits of today.

    Raises:
        ValueError: it has more decimals than the currency, or is beyond MOST_MINOR.
    """
    digits = digits_of(currency)
    scaled = amount.scaleb(digits)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{currency} has {digits} decimals, {amount} has more")
    if abs(scaled) > MOST_MINOR:
        raise ValueError(f"an amount may be {MOST_MINOR} minor units at most")
    return Money(minor=int(scaled), currency=currency, digits=digits)


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
        self.money()
        return self

    def money(self) -> Money:
        """The same in minor units."""
        return money_of(self.amount, self.currency)


def _fingerprinted(price: Money, info: SerializationInfo) -> dict[str, object]:
    """As it is; in a fingerprint without digits that version 0.1.0, which stored none, would have meant."""
    left_out = info.context == FINGERPRINT and price.digits == unstored_digits(price.currency)
    return price.model_dump(exclude={"digits"} if left_out else None)


AskedPrice = Annotated[
    Money,
    WrittenAs(Price, Price.money),
    PlainSerializer(_fingerprinted, return_type=dict),
    Field(examples=[{"amount": "19.99", "currency": "EUR"}]),
]
"""Money in a command, written by callers as a Price."""
