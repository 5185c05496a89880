"""The commands of an allowance, all of which fulfilment sends, and the fact that an order looks up."""

from datetime import datetime
from typing import ClassVar, Protocol

from command_service.facts import Fact
from shared.events.allowance import allowance_id_of
from twinpath.domain import Command, Look


class HoldUnits(Command):
    """Let an order hold pieces, unless those of all open orders would be more than `most`."""

    type: ClassVar[str] = "hold_units"
    target: ClassVar[str] = "allowance_id"

    allowance_id: str
    order_id: str
    units: int
    most: int
    until: datetime


class ReleaseUnits(Command):
    """The order holds nothing any more."""

    type: ClassVar[str] = "release_units"
    target: ClassVar[str] = "allowance_id"

    allowance_id: str
    order_id: str


AllowanceCommand = HoldUnits | ReleaseUnits


class AllowanceFact(Fact):
    """How many pieces the customer's open orders hold just now, and how many they may."""

    held: int
    most: int


class _OfACustomer(Protocol):
    @property
    def customer_id(self) -> str: ...
    @property
    def at(self) -> datetime: ...


async def allowance_fact(look: Look, command: _OfACustomer) -> AllowanceFact:
    """What the allowance of the command's customer is. Raises Unavailable."""
    allowance = await look(allowance_id_of(command.customer_id))
    held = 0 if allowance is None else allowance.held_at(command.at)
    return AllowanceFact(held=held, most=look.settings.most_unshipped_units)
