"""What the projector runs: every projection and every table of facts that a module beside this one declares."""

from shared.events import CATALOGUE
from shared.roles import ROLES
from twinpath.domain import Application, Facts, Projection

PROJECTIONS = Application(
    events=CATALOGUE,
    projections=Projection.all_in("projector_service"),
    facts=Facts.all_in("projector_service"),
    roles=ROLES,
)
