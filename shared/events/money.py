"""Money: whole minor units with an ISO 4217 currency inside, `{"amount": "19.99", "currency": "EUR"}` outside."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated

from iso4217 import Currency
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MOST_MINOR = 10**15
"""No single amount is larger, so that sums of thousands of them still fit into 64 bits."""


def minor_digits(currency: str) -> int:
    """How many decimals a currency has: 2 for EUR, 0 for JPY. Raises ValueError where there is no such currency."""
    try:
        digits = Currency(currency).exponent
    except ValueError:
        digits = None
    if digits is None:
        raise ValueError(f"{currency!r} is no currency of ISO 4217 that prices can be in")
    return digits


def _known(currency: str) -> str:
    minor_digits(currency)
    return currency


CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"]), AfterValidator(_known)]
"""An ISO 4217 code, such as EUR."""


class Money(BaseModel):
    """An amount in minor units: 1999 EUR is 19.99 euros."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minor: Annotated[int, Field(ge=-MOST_MINOR, le=MOST_MINOR)]
    currency: CurrencyCode

    def times(self, quantity: int) -> "Money":
        """This many of it."""
        return Money.model_construct(minor=self.minor * quantity, currency=self.currency)


def added(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts that are all in this currency."""
    return Money(minor=sum(amount.minor for amount in amounts), currency=currency)


def amount_text(minor: int, currency: str) -> str:
    """The amount as people write it: `19.99`, always with the currency's own number of decimals."""
    digits = minor_digits(currency)
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def minor_of(amount: Decimal, currency: str) -> int:
    """An exact amount in minor units.

    Raises:
        ValueError: it has more decimals than the currency, or is beyond MOST_MINOR.
    """
    digits = minor_digits(currency)
    scaled = amount.scaleb(digits)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{currency} has {digits} decimals, {amount} has more")
    if abs(scaled) > MOST_MINOR:
        raise ValueError(f"an amount may be {MOST_MINOR} minor units at most")
    return int(scaled)
