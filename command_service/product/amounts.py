"""Amounts, numbers of pieces and spans of time as files of others write them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from twinpath.domain import RowRefused

_AMOUNT = re.compile(r"(?:([A-Za-z]{3})\s*)?(-?[0-9][0-9.,'\u2019\s]*)(?:\s*([A-Za-z]{3}))?")
_OF_SEVERAL = str.maketrans("", "", "$£¥")
"""Signs that several currencies have: they name none."""
_OF_ONE = str.maketrans(dict(zip("€₹₩₺₪₫₴₽", ("EUR", "INR", "KRW", "TRY", "ILS", "VND", "UAH", "RUB"), strict=True)))
_THOUSANDS = re.compile(r"[0-9]{1,3}([,.'\u2019\s])[0-9]{3}(\1[0-9]{3})*")


@dataclass(frozen=True)
class Amount:
    """An exact amount as text, with its currency."""

    amount: str
    currency: str

    def is_above(self, other: "Amount") -> bool:
        """Whether it is more, in the same currency."""
        return self.currency == other.currency and Decimal(self.amount) > Decimal(other.amount)

    def as_body(self) -> dict[str, str]:
        """As a command's body has it."""
        return {"amount": self.amount, "currency": self.currency}


def amount_of(text: str, currency: str | None) -> Amount:
    """From `12.99 USD`, `EUR 1.299,00`, `12,99 €` or `1,299.00`, in `currency` where it names none.

    Raises RowRefused: `price_unreadable` or `currency_missing`.
    """
    matched = _AMOUNT.fullmatch(text.translate(_OF_SEVERAL).translate(_OF_ONE).strip())
    if matched is None or matched[1] not in (None, matched[3] or matched[1]):
        raise RowRefused("price_unreadable", f"{text!r} is no amount")
    named = matched[1] or matched[3] or currency
    if named is None:
        raise RowRefused("currency_missing", f"{text!r} names no currency: give one, as in --default currency=USD")
    return Amount(_with_a_point(matched[2].strip()), named.upper())


def _with_a_point(number: str) -> str:
    """The number without marks of thousands; of two kinds of marks, the last stands before the decimals."""
    bare = re.sub(r"['\u2019\s]", "", number)
    last = max(bare.rfind("."), bare.rfind(","))
    if last < 0:
        return bare
    mark, other = bare[last], "," if bare[last] == "." else "."
    if other in bare:
        return bare.replace(other, "").replace(mark, ".")
    if mark == "," and _THOUSANDS.fullmatch(bare.removeprefix("-")):
        return bare.replace(",", "")
    if bare.count(mark) > 1:
        return bare.replace(mark, "")
    return bare.replace(mark, ".")


def pieces_of(text: str | None) -> int:
    """A number of pieces, none where it says nothing; what is below zero was sold without being there.

    Raises RowRefused: `stock_unreadable`.
    """
    if text is None:
        return 0
    matched = re.fullmatch(r"(-?[0-9]{1,12})(?:[.,]0*)?", text.strip())
    if matched is None:
        raise RowRefused("stock_unreadable", f"{text!r} is no number of pieces")
    return max(0, int(matched[1]))


def in_effect(span: str | None, at: datetime) -> bool:
    """Whether a time lies in a span of ISO 8601, `from/to`; always without a span.

    Raises RowRefused: `sale_dates_unreadable`.
    """
    if span is None:
        return True
    begin, slash, end = span.replace(" / ", "/").partition("/")
    try:
        bounds = [datetime.fromisoformat(moment.strip()) for moment in (begin, end)]
    except ValueError:
        bounds = []
    if not bounds or not slash:
        raise RowRefused("sale_dates_unreadable", f"{span!r} is no span of time, as from/to")
    since, until = (moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in bounds)
    return since <= at <= until
