"""What a team writes against: events, commands, aggregates, projections, views, resources, processes.

Nothing in here imports another part of the engine but its errors, its ids and its clock.
"""

from twinpath.domain.aggregate import Aggregate, Command
from twinpath.domain.application import Application
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import DomainEvent, RecordedEvent, Upcaster
from twinpath.domain.process import Process
from twinpath.domain.projection import Projection
from twinpath.domain.resource import Dashboard, Filters, Join, Listing, Resource, SubList
from twinpath.domain.views import Change, ChangeWhere, Document, Put, Remove, View, ViewChange
from twinpath.errors import NotFound, RuleViolation

__all__ = (
    "Aggregate",
    "Application",
    "Catalogue",
    "Change",
    "ChangeWhere",
    "Command",
    "Dashboard",
    "Document",
    "DomainEvent",
    "Filters",
    "Join",
    "Listing",
    "NotFound",
    "Process",
    "Projection",
    "Put",
    "RecordedEvent",
    "Remove",
    "Resource",
    "RuleViolation",
    "SubList",
    "Upcaster",
    "View",
    "ViewChange",
)
