"""The allowance as an aggregate: no caller reaches its commands."""

from command_service.allowance.commands import AllowanceCommand
from command_service.allowance.rules import Allowance, decide, evolve
from shared.events.allowance import ALLOWANCE_EVENTS, AllowanceEvent
from twinpath.domain import Aggregate

ALLOWANCE: Aggregate[AllowanceCommand, Allowance, AllowanceEvent] = Aggregate(
    "allowance", decide, evolve, Allowance, ALLOWANCE_EVENTS
)
