"""What can happen to a customer's allowance: pieces that wait to be shipped, and are not paid for until then."""

from datetime import datetime
from typing import ClassVar, get_args

from twinpath.domain import DomainEvent

_CATEGORY = "allowance"


def allowance_id_of(customer_id: str) -> str:
    """The id of the allowance of this customer."""
    return f"{_CATEGORY}-{customer_id.partition('-')[2]}"


class UnitsHeld(DomainEvent):
    """An order holds so many pieces until it is shipped or cancelled, or until its reservation runs out."""

    type: ClassVar[str] = "allowance.units_held"
    internal: ClassVar[bool] = True

    order_id: str
    units: int
    held_at: datetime
    until: datetime


class HoldRefused(DomainEvent):
    """The customer's open orders held so many pieces that those of this one would have been more than `most`."""

    type: ClassVar[str] = "allowance.hold_refused"
    internal: ClassVar[bool] = True

    order_id: str
    units: int
    held: int
    most: int


class UnitsReleased(DomainEvent):
    """The order holds no pieces any more."""

    type: ClassVar[str] = "allowance.units_released"
    internal: ClassVar[bool] = True

    order_id: str


AllowanceEvent = UnitsHeld | HoldRefused | UnitsReleased
ALLOWANCE_EVENTS: tuple[type[DomainEvent], ...] = get_args(AllowanceEvent)
