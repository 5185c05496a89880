"""What happens in a workshop: to a repair, and to the owner of a car."""

from datetime import datetime
from typing import ClassVar, Literal

from twinpath.domain import DomainEvent

Status = Literal["open", "triaged", "closed"]


class RepairOpened(DomainEvent):
    """An owner, or somebody for them, brought a car."""

    type: ClassVar[str] = "repair.opened"
    personal: ClassVar[tuple[str, ...]] = ("subject", "message")
    personal_of: ClassVar[str | None] = "owner_id"

    subject: str | None
    message: str | None
    owner_id: str | None = None
    opened_at: datetime


class RepairStatusChanged(DomainEvent):
    """A mechanic looked at it, or put it back."""

    type: ClassVar[str] = "repair.status_changed"

    status: Literal["open", "triaged"]
    previous_status: Literal["open", "triaged"]


class RepairNoteAdded(DomainEvent):
    """A mechanic wrote something down."""

    type: ClassVar[str] = "repair.note_added"
    internal: ClassVar[bool] = True

    note: str


class RepairClosed(DomainEvent):
    """The car is done."""

    type: ClassVar[str] = "repair.closed"

    resolution: str
    previous_status: Literal["open", "triaged"]


class OwnerRegistered(DomainEvent):
    """Somebody has a car."""

    type: ClassVar[str] = "owner.registered"
    personal: ClassVar[tuple[str, ...]] = ("name", "email")

    name: str | None
    email: str | None


class OwnerRenamed(DomainEvent):
    """They go by another name."""

    type: ClassVar[str] = "owner.renamed"
    personal: ClassVar[tuple[str, ...]] = ("name",)

    name: str | None


class OwnerErased(DomainEvent):
    """Their personal data is gone."""

    type: ClassVar[str] = "owner.erased"
    erases: ClassVar[bool] = True


RepairEvent = RepairOpened | RepairStatusChanged | RepairNoteAdded | RepairClosed
OwnerEvent = OwnerRegistered | OwnerRenamed | OwnerErased
