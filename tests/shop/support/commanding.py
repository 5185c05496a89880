"""A command bus with every aggregate of the shop, on any store."""

from functools import partial

from command_service.application import COMMANDS
from command_service.settings import Settings
from tests.support import commanding

bus_on = partial(commanding.bus_on, deciders=COMMANDS.deciders, catalogue=COMMANDS.events, settings=Settings())
