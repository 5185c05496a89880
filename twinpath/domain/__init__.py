"""What a team writes against: events, commands, aggregates, projections, views, resources, processes.

Nothing in here imports another part of the engine but its errors, its ids and its clock.
"""

from twinpath.domain.about import About
from twinpath.domain.aggregate import FINGERPRINT, Aggregate, Command, Look, LookUp
from twinpath.domain.application import Application
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.claim import Claim
from twinpath.domain.events import DomainEvent, RecordedEvent, Upcaster
from twinpath.domain.facts import Earlier, Earliest, Facts, Happened, Label
from twinpath.domain.importer import Importer, Item, RowRefused, Shape, Wanted
from twinpath.domain.process import Outcome, Process, Then
from twinpath.domain.projection import Projection
from twinpath.domain.report import Period, Report
from twinpath.domain.resource import Dashboard, Filters, Join, Listing, Reads, Resource, SubList
from twinpath.domain.searchable import Ranges, Searchable
from twinpath.domain.text import all_seen, case_folded, readable, shortened
from twinpath.domain.views import Change, ChangeWhere, Document, Order, Put, Range, Remove, View, ViewChange
from twinpath.errors import NotFound, RuleViolation

__all__ = (
    "FINGERPRINT",
    "About",
    "Aggregate",
    "Application",
    "Catalogue",
    "Change",
    "ChangeWhere",
    "Claim",
    "Command",
    "Dashboard",
    "Document",
    "DomainEvent",
    "Earlier",
    "Earliest",
    "Facts",
    "Filters",
    "Happened",
    "Importer",
    "Item",
    "Join",
    "Label",
    "Listing",
    "Look",
    "LookUp",
    "NotFound",
    "Order",
    "Outcome",
    "Period",
    "Process",
    "Projection",
    "Put",
    "Range",
    "Ranges",
    "Reads",
    "RecordedEvent",
    "Remove",
    "Report",
    "Resource",
    "RowRefused",
    "RuleViolation",
    "Searchable",
    "Shape",
    "SubList",
    "Then",
    "Upcaster",
    "View",
    "ViewChange",
    "Wanted",
    "all_seen",
    "case_folded",
    "readable",
    "shortened",
)
