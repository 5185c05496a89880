"""The projector's three groups of queues, and which projections follow the log through them."""

from collections.abc import Iterable

from twinpath.domain.application import Application
from twinpath.domain.projection import Projection
from twinpath.domain.views import View
from twinpath.projecting.history import HistoryProjection

VIEWS = "views"
"""Writes views."""
OUTSIDE = "outside"
"""Publishes events for the outside world."""
FACTS = "facts"
"""Fills the tables of facts."""


def view_projections(application: Application) -> list[Projection]:
    """The projections of an application that write views, and the history, which every application has."""
    return [*application.projections, HistoryProjection()]


def searched_views(projections: Iterable[Projection]) -> list[View]:
    """The views of these projections that are declared to be searched."""
    return [view for projection in projections for view in projection.views if view.search is not None]
