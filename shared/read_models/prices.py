"""Money as the views show it, and as they sort it."""

from typing import Any

from pydantic import BaseModel

from shared.events.money import Money, amount_text

_SORTED_DIGITS = 4
"""No currency of ISO 4217 has more decimals; what lies beyond them is not sorted by."""
_LARGEST = 2**63 - 1
"""MongoDB keeps no larger integer; only of a currency without decimals may a price lie beyond it."""


class Price(BaseModel):
    """An exact amount as text, with its ISO 4217 currency."""

    amount: str
    currency: str


def shown_price(money: Money) -> dict[str, Any]:
    """A Price, as data."""
    return {"amount": amount_text(money.minor, money.digits), "currency": money.currency}


def sortable(money: Money) -> int:
    """The amount as a whole number that sorts alike for every currency: ten-thousandths, the largest at most."""
    return min(int(money.amount.scaleb(_SORTED_DIGITS)), _LARGEST)
