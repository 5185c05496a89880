"""Money: minor units, a currency and its number of digits inside; `{"amount": "19.99", "currency": "EUR"}` outside.

An amount carries its digits, so no list of currencies is asked when it is read: what was sold in a currency that has
gone, or that has other decimals today, is worth what it was worth. Which currencies there are, and how an amount of
today may look, is for the command to say (command_service/product/price.py).
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from twinpath.domain import Upcaster

_OTHERS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS_OF_0_1_0 = {currency: digits for digits, currencies in _OTHERS.items() for currency in currencies.split()}
"""The currencies of version 0.1.0 that had not 2 digits. It stored no digits, so this must stay as it is for ever."""


MOST_MINOR = 10**15
"""No amount that a command names is larger, so that sums of thousands of them still fit into 64 bits."""


def unstored_digits(currency: str) -> int:
    """How many decimals an amount has that version 0.1.0 stored without them."""
    return _DIGITS_OF_0_1_0.get(currency, 2)


class Money(BaseModel):
    """An amount in minor units: 1999 EUR with 2 digits is 19.99 euros. Without digits it is one of version 0.1.0."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minor: int
    currency: str
    digits: int = Field(default_factory=lambda given: unstored_digits(given["currency"]))

    @property
    def amount(self) -> Decimal:
        """In the currency's own unit, exactly."""
        return Decimal(self.minor).scaleb(-self.digits)

    def times(self, quantity: int) -> "Money":
        """This many of it."""
        return self.model_copy(update={"minor": self.minor * quantity})

    def in_digits(self, digits: int) -> "Money":
        """The same amount with at least as many digits."""
        return self.model_copy(update={"minor": rescaled(self.minor, self.digits, digits), "digits": digits})


def rescaled(minor: int, digits: int, wanted: int) -> int:
    """Minor units of so many digits in those of at least as many."""
    return int(minor * 10 ** (wanted - digits))


def added(amounts: Iterable[Money]) -> Money:
    """The sum of amounts of one currency, at least one; with the digits of the most exact."""
    amounts = tuple(amounts)
    digits = max(amount.digits for amount in amounts)
    minor = sum(amount.in_digits(digits).minor for amount in amounts)
    return amounts[0].model_copy(update={"minor": minor, "digits": digits})


def amount_text(minor: int, digits: int) -> str:
    """The amount as people write it: `19.99`, always with all of its decimals."""
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def with_digits(data: Any) -> Any:
    """For upcasters: the data of an event of version 0.1.0, with digits in each amount of money, wherever it stands."""
    if isinstance(data, list):
        return [with_digits(item) for item in data]
    if not isinstance(data, dict):
        return data
    if data.keys() == {"minor", "currency"}:
        return {**data, "digits": unstored_digits(data["currency"])}
    return {name: with_digits(value) for name, value in data.items()}


def without_digits(data: dict[str, Any]) -> dict[str, Any] | None:
    """For upcasters: the data as version 0.1.0 stored them; None where an amount has other digits than it meant."""
    if any(amount["digits"] != unstored_digits(amount["currency"]) for amount in _amounts(data)):
        return None
    bare: dict[str, Any] = _bare(data)
    return bare


def _amounts(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, dict) and data.keys() == _STORED:
        yield data
    elif isinstance(data, dict | list):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _amounts(value)


def _bare(data: Any) -> Any:
    if isinstance(data, list):
        return [_bare(item) for item in data]
    if not isinstance(data, dict):
        return data
    left_out = {"digits"} if data.keys() == _STORED else set()
    return {name: _bare(value) for name, value in data.items() if name not in left_out}


_STORED = {"minor", "currency", "digits"}
WITH_DIGITS = Upcaster(with_digits, downcast=without_digits)
"""Between version 0.1.0, which stored no digits, and its successor."""
