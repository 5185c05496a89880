"""An entry of the history keeps an event as it was stored, and personal data apart, whatever its class is today."""

from dataclasses import replace
from typing import Any, ClassVar

from tests.engine.workshop.events import OwnerErased, OwnerRenamed, RepairOpened
from tests.support.recording import NOON, recorded
from twinpath.domain import Catalogue, ChangeWhere, DomainEvent, Put, RecordedEvent, Upcaster
from twinpath.projecting.history import HistoryProjection

STORED: dict[str, Any] = {"subject": "Brakes", "message": "They squeal", "owner_id": "owner-1", "opened_at": NOON}


class RepairOpenedNow(DomainEvent):
    """Today nothing in it is personal, and the owner's field is called otherwise."""

    type: ClassVar[str] = "repair.opened"
    personal_of: ClassVar[str | None] = "brought_by"
    upcasters: ClassVar[tuple[Upcaster, ...]] = (
        Upcaster(
            lambda data: {"brought_by": data["owner_id"], "subject": data["subject"]}, personal=("subject", "message")
        ),
    )

    brought_by: str
    subject: str | None


def entry_of(event: DomainEvent, record: RecordedEvent) -> dict[str, Any]:
    [entry] = HistoryProjection().changes(event, record)
    assert isinstance(entry, Put)
    return dict(entry.document)


def test_what_was_personal_when_it_was_stored_stays_apart_and_can_be_erased() -> None:
    record = replace(recorded(RepairOpened(**STORED), "repair-1", 1), data=STORED)

    now = entry_of(Catalogue([RepairOpenedNow]).decode(record), record)

    assert now == entry_of(RepairOpened(**STORED), record)
    assert (now["schema"], now["personal_of"]) == (1, "owner-1")
    assert now["personal"] == {"subject": "Brakes", "message": "They squeal"}
    assert now["data"] == {"owner_id": "owner-1", "opened_at": NOON}


def test_an_event_of_todays_schema_is_kept_by_todays_class() -> None:
    event = RepairOpenedNow(brought_by="owner-1", subject="Brakes")

    entry = entry_of(event, recorded(event, "repair-1", 1))

    assert (entry["schema"], entry["data"]) == (2, {"brought_by": "owner-1", "subject": "Brakes"})
    assert (entry["personal"], entry["personal_of"]) == (None, None)


def test_any_event_that_erases_takes_personal_data_out_of_what_came_before() -> None:
    projection = HistoryProjection()

    erased = projection.changes(OwnerErased(), recorded(OwnerErased(), "owner-1", 2))
    renamed = projection.changes(OwnerRenamed(name="Ada"), recorded(OwnerRenamed(name="Ada"), "owner-1", 2))

    assert erased[1:] == [ChangeWhere("history", {"personal_of": "owner-1"}, {"personal": None})]
    assert len(renamed) == 1
