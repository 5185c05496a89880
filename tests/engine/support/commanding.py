"""A command bus with every aggregate of the workshop, on any store."""

from functools import partial

from tests.engine.workshop.application import COMMANDS, EVENTS
from tests.support import commanding
from twinpath.personal_data.sealing import Seals

bus_on = partial(commanding.bus_on, deciders=COMMANDS.deciders, catalogue=EVENTS)
seals_of = partial(Seals, catalogue=EVENTS)
