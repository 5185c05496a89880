"""An allowance's rules: the pieces that a customer's open orders hold are never more than a setting."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from command_service.allowance.commands import AllowanceCommand, HoldUnits, ReleaseUnits
from shared.events.allowance import AllowanceEvent, HoldRefused, UnitsHeld, UnitsReleased


@dataclass(frozen=True)
class Hold:
    """So many pieces, until then at the latest."""

    units: int
    until: datetime


@dataclass(frozen=True)
class Allowance:
    """The state that the rules need; `holds` is order id -> what it holds."""

    holds: Mapping[str, Hold] = field(default_factory=dict)

    def held_at(self, at: datetime) -> int:
        """How many pieces are held at a time: an order whose reservation has run out holds none."""
        return sum(hold.units for hold in self.holds.values() if hold.until > at)


def decide(command: AllowanceCommand, allowance: Allowance | None) -> list[AllowanceEvent]:
    """What the command makes happen; a refusal is an event."""
    now = allowance or Allowance()
    match command:
        case HoldUnits(order_id=order_id, units=units, most=most):
            held = now.held_at(command.at)
            if order_id in now.holds:
                return []
            if held + units > most:
                return [HoldRefused(order_id=order_id, units=units, held=held, most=most)]
            return [UnitsHeld(order_id=order_id, units=units, held_at=command.at, until=command.until)]
        case ReleaseUnits(order_id=order_id):
            return [UnitsReleased(order_id=order_id)] if order_id in now.holds else []
        case _:
            assert_never(command)


def evolve(allowance: Allowance | None, event: AllowanceEvent) -> Allowance:
    """The allowance after the event; what has run out is forgotten with the next hold."""
    holds = {} if allowance is None else dict(allowance.holds)
    match event:
        case UnitsHeld():
            holds = {order: hold for order, hold in holds.items() if hold.until > event.held_at}
            holds[event.order_id] = Hold(event.units, event.until)
        case UnitsReleased():
            holds.pop(event.order_id, None)
        case HoldRefused():
            pass
        case _:
            assert_never(event)
    return Allowance(holds)
