"""The whole shop as one application: what the command line and the checks of declarations work on."""

from command_service.application import COMMANDS
from projector_service.application import PROJECTIONS
from query_service.application import QUERIES

SHOP = COMMANDS | PROJECTIONS | QUERIES
