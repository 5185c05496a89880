"""A repair's commands, rules and endpoints."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, assert_never

from pydantic import Field, StringConstraints

from tests.engine.workshop.events import (
    RepairClosed,
    RepairEvent,
    RepairNoteAdded,
    RepairOpened,
    RepairStatusChanged,
    Status,
)
from twinpath.domain import Aggregate, Command, NotFound, RuleViolation
from twinpath.ids import id_pattern

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
OwnerId = Annotated[str, StringConstraints(pattern=id_pattern("owner"))]


class RepairAction(Command):
    """A command to one repair."""

    target: ClassVar[str] = "repair_id"

    repair_id: str


class OpenRepair(RepairAction):
    """Bring a car."""

    type: ClassVar[str] = "open_repair"
    creates: ClassVar[bool] = True

    subject: Text = Field(examples=["Brakes"])
    message: Text = Field(examples=["They squeak."])
    owner_id: OwnerId | None = None


class ChangeRepairStatus(RepairAction):
    """Look at it, or put it back."""

    type: ClassVar[str] = "change_repair_status"

    status: Status = Field(examples=["triaged"])


class AddRepairNote(RepairAction):
    """Write something down."""

    type: ClassVar[str] = "add_repair_note"

    note: Text = Field(examples=["New pads ordered."])


class CloseRepair(RepairAction):
    """Give the car back."""

    type: ClassVar[str] = "close_repair"

    resolution: Text = Field(examples=["New pads."])


RepairCommand = OpenRepair | ChangeRepairStatus | AddRepairNote | CloseRepair


@dataclass(frozen=True)
class Repair:
    """What the rules need to know."""

    status: Status
    owner_id: str | None = None


def decide(command: RepairCommand, repair: Repair | None) -> list[RepairEvent]:
    """What the command makes happen. Raises NotFound, RuleViolation."""
    if isinstance(command, OpenRepair):
        if repair is not None:
            raise RuleViolation(f"Repair {command.repair_id} is open already.", code="repair_exists")
        fields = {"subject": command.subject, "message": command.message, "owner_id": command.owner_id}
        return [RepairOpened(**fields, opened_at=command.at)]
    if repair is None:
        raise NotFound(f"There is no repair {command.repair_id}.", code="repair_not_found")
    if isinstance(command, AddRepairNote):
        return [RepairNoteAdded(note=command.note)]
    if repair.status == "closed":
        raise RuleViolation(f"Repair {command.repair_id} is closed.", code="repair_closed")
    match command:
        case ChangeRepairStatus():
            if command.status == "closed":
                raise RuleViolation("Say how it ended.", code="close_needs_resolution")
            if command.status == repair.status:
                return []
            return [RepairStatusChanged(status=command.status, previous_status=repair.status)]
        case CloseRepair():
            return [RepairClosed(resolution=command.resolution, previous_status=repair.status)]
        case _:
            assert_never(command)


def evolve(repair: Repair | None, event: RepairEvent) -> Repair:
    """The repair after the event."""
    if isinstance(event, RepairOpened):
        return Repair("open", event.owner_id)
    assert repair is not None, "a repair's first event opens it"
    match event:
        case RepairStatusChanged():
            return replace(repair, status=event.status)
        case RepairNoteAdded():
            return repair
        case RepairClosed():
            return replace(repair, status="closed")
        case _:
            assert_never(event)


REPAIR: Aggregate[RepairCommand, Repair, RepairEvent] = Aggregate(
    "repair",
    decide,
    evolve,
    Repair,
    (RepairOpened, RepairStatusChanged, RepairNoteAdded, RepairClosed),
    owner=lambda _, repair: repair.owner_id,
)
REPAIR.post("", OpenRepair, allow="repairs:open", summary="Bring a car", refuses=("owner_erased",))
REPAIR.put(
    "/{id}/status",
    ChangeRepairStatus,
    allow="repairs:work",
    summary="Triage a repair, or put it back",
    refuses=("close_needs_resolution", "repair_closed"),
)
REPAIR.post("/{id}/notes", AddRepairNote, allow="repairs:work", summary="Add a note")
REPAIR.post("/{id}/close", CloseRepair, allow="repairs:work", summary="Give the car back", refuses=("repair_closed",))
