"""The views of the workshop, and the projections that write them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from tests.engine.workshop.events import (
    OwnerErased,
    OwnerRegistered,
    OwnerRenamed,
    RepairClosed,
    RepairNoteAdded,
    RepairOpened,
    RepairStatusChanged,
    Status,
)
from twinpath.domain import (
    Change,
    ChangeWhere,
    Projection,
    Put,
    Ranges,
    RecordedEvent,
    Searchable,
    View,
    ViewChange,
    shortened,
)
from twinpath.ids import id_pattern

ERASED = "erased"
KEPT_NOTES = 100

OwnerId = Annotated[str, StringConstraints(pattern=id_pattern("owner"))]


class RepairNote(BaseModel):
    """A note: what, when and by whom."""

    note: str
    at: datetime
    by: str


class RepairDetails(BaseModel):
    """A repair with its latest notes."""

    repair_id: str
    subject: str
    message: str
    status: Status
    owner_id: str | None
    opened_at: datetime
    updated_at: datetime
    triaged_at: datetime | None
    closed_at: datetime | None
    resolution: str | None
    note_count: int
    notes: list[RepairNote]
    version: int


class RepairRow(BaseModel):
    """A repair in a list."""

    repair_id: str
    subject: str
    status: Status
    owner_id: OwnerId | None
    has_note: bool
    note_preview: str | None
    opened_at: datetime
    version: int


class OwnerDetails(BaseModel):
    """An owner; the name of an erased one is `erased`."""

    owner_id: str
    name: str
    email: str | None
    version: int


class RepairCounts(BaseModel):
    """Repairs by status."""

    by_status: dict[str, int]


REPAIR_DETAILS = View(
    "repair_details",
    RepairDetails,
    filters=("owner_id",),
    copy=True,
    owner="owner_id",
    internal=("notes", "note_count"),
    search=Searchable(
        text=("subject", "message", "notes.note"),
        exact=("repair_id",),
        facets=("status", "has_note", Ranges("note_count", (1, 3))),
        suggest=("subject",),
        filters=("status",),
        computed={"has_note": lambda repair: repair["note_count"] > 0},
    ),
)
REPAIR_LIST = View(
    "repair_list",
    RepairRow,
    filters=("status", "has_note", "owner_id"),
    sorts={"opened_at": "opened_at"},
    owner="owner_id",
    internal=("has_note", "note_preview"),
    indexes=(("status",), ("has_note",), ("status", "has_note"), ("owner_id",), ("opened_at",)),
)
REPAIR_COUNTS = View("repair_counts", copy=True)
OWNERS = View("owners", OwnerDetails, copy=True, owner="owner_id", search=Searchable(text=("name",), exact=("email",)))


class RepairDetailsProjection(Projection):
    """One document a repair."""

    name = "repair_details"
    views = (REPAIR_DETAILS,)

    def opened(self, event: RepairOpened, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """A new repair."""
        document: dict[str, object] = {
            "repair_id": recorded.stream,
            "subject": event.subject or ERASED,
            "message": event.message or ERASED,
            "status": "open",
            "owner_id": event.owner_id,
            "opened_at": event.opened_at,
            "updated_at": recorded.at,
            "triaged_at": None,
            "closed_at": None,
            "resolution": None,
            "note_count": 0,
            "notes": [],
            "version": recorded.version,
            "erased": event.message is None,
        }
        yield Put(REPAIR_DETAILS.name, recorded.stream, document)

    def status_changed(self, event: RepairStatusChanged, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Open or triaged."""
        yield _changed(REPAIR_DETAILS, recorded, status=event.status, triaged_at=recorded.at)

    def note_added(self, event: RepairNoteAdded, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """One note more."""
        note = {"note": event.note, "at": recorded.at, "by": recorded.actor}
        touched = {"updated_at": recorded.at, "version": recorded.version}
        yield Change(
            REPAIR_DETAILS.name,
            recorded.stream,
            set=touched,
            increment={"note_count": 1},
            append={"notes": note},
            keep=KEPT_NOTES,
        )

    def closed(self, event: RepairClosed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """How it ended."""
        fields = {"status": "closed", "closed_at": recorded.at, "resolution": event.resolution}
        yield _changed(REPAIR_DETAILS, recorded, **fields)

    def owner_erased(self, event: OwnerErased, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """The owner's words are gone."""
        erased = {"subject": ERASED, "message": ERASED, "erased": True}
        yield ChangeWhere(REPAIR_DETAILS.name, {"owner_id": recorded.stream}, erased)


class RepairListProjection(Projection):
    """One row a repair."""

    name = "repair_list"
    views = (REPAIR_LIST,)

    def opened(self, event: RepairOpened, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """A new row."""
        row = {
            "repair_id": recorded.stream,
            "subject": event.subject or ERASED,
            "status": "open",
            "owner_id": event.owner_id,
            "has_note": False,
            "note_preview": None,
            "opened_at": event.opened_at,
            "updated_at": recorded.at,
            "version": recorded.version,
        }
        yield Put(REPAIR_LIST.name, recorded.stream, row)

    def status_changed(self, event: RepairStatusChanged, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Open or triaged."""
        yield _changed(REPAIR_LIST, recorded, status=event.status)

    def note_added(self, event: RepairNoteAdded, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """The preview is that of the last note."""
        yield _changed(REPAIR_LIST, recorded, has_note=True, note_preview=shortened(event.note, 50))

    def closed(self, event: RepairClosed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Closed for good."""
        yield _changed(REPAIR_LIST, recorded, status="closed")

    def owner_erased(self, event: OwnerErased, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """The owner's words are gone."""
        yield ChangeWhere(REPAIR_LIST.name, {"owner_id": recorded.stream}, {"subject": ERASED})


class RepairCountsProjection(Projection):
    """Counts by status, a part a log."""

    name = "repair_counts"
    views = (REPAIR_COUNTS,)

    def opened(self, event: RepairOpened, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """One more."""
        yield _counted(recorded, {"by_status.open": 1})

    def status_changed(self, event: RepairStatusChanged, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Here one less, there one more."""
        yield _counted(recorded, {f"by_status.{event.previous_status}": -1, f"by_status.{event.status}": 1})

    def closed(self, event: RepairClosed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """One closed more."""
        yield _counted(recorded, {f"by_status.{event.previous_status}": -1, "by_status.closed": 1})


class OwnersProjection(Projection):
    """One document an owner."""

    name = "owners"
    views = (OWNERS,)

    def registered(self, event: OwnerRegistered, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """A new owner."""
        document = {"owner_id": recorded.stream, "name": event.name or ERASED, "email": event.email}
        erased = event.name is None
        yield Put(OWNERS.name, recorded.stream, {**document, "version": recorded.version, "erased": erased})

    def renamed(self, event: OwnerRenamed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Another name."""
        name = event.name or ERASED
        yield Change(OWNERS.name, recorded.stream, set={"name": name, "version": recorded.version})

    def erased(self, event: OwnerErased, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Nothing personal is left."""
        gone = {"name": ERASED, "email": None, "erased": True, "version": recorded.version}
        yield Change(OWNERS.name, recorded.stream, set=gone)


def _changed(view: View, recorded: RecordedEvent, **fields: object) -> Change:
    return Change(view.name, recorded.stream, set={**fields, "updated_at": recorded.at, "version": recorded.version})


def _counted(recorded: RecordedEvent, increment: dict[str, int]) -> Change:
    return Change(REPAIR_COUNTS.name, f"total/{recorded.log}", increment=increment, create=True)
