"""Events as they were recorded, for tests that need no log."""

from datetime import UTC, datetime

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import ViewChange
from twinpath.ids import category_of

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def recorded(event: DomainEvent, stream: str, version: int) -> RecordedEvent:
    """The event as ann brought it about at noon, in the log of partition 1 of its category."""
    named, log = Catalogue([type(event)]).encode(event), f"{category_of(stream)}.1"
    return RecordedEvent(named.type, named.schema, named.data, stream, version, log, version + 40, NOON, "ann", "c-1")


def changes_of(projection: Projection, event: DomainEvent, stream: str, version: int = 2) -> list[ViewChange]:
    """What a projection makes of an event."""
    return projection.changes(event, recorded(event, stream, version))
