"""Events are found in a package without a list, and projections and processes find their methods by annotation."""

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import pytest

from tests.engine.workshop.events import OwnerErased, OwnerRegistered, OwnerRenamed, RepairNoteAdded, RepairOpened
from tests.support.recording import recorded
from twinpath.domain import Catalogue, DomainEvent, Projection, Put, RecordedEvent, Upcaster, View, ViewChange
from twinpath.domain.handlers import handler_names

EVENTS = """
from typing import ClassVar
from twinpath.domain import DomainEvent
{imported}
class Named(DomainEvent):
    name: str

class Second{number}(Named):
    type: ClassVar[str] = "{category}.second"

class First{number}(Named):
    type: ClassVar[str] = "{category}.first"
"""


def test_a_catalogue_of_a_package_has_every_event_in_the_order_of_modules_and_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An imported event counts once, a class without a stored name not at all."""
    package = tmp_path / "declared_events"
    (package / "deeper").mkdir(parents=True)
    for folder in (package, package / "deeper"):
        (folder / "__init__.py").touch()
    (package / "visits.py").write_text(EVENTS.format(number=1, category="visit", imported=""))
    imported = "from declared_events.visits import First1"
    (package / "bookings.py").write_text(EVENTS.format(number=2, category="booking", imported=imported))
    (package / "deeper" / "more.py").write_text(EVENTS.format(number=3, category="more", imported=""))
    (package / "__main__.py").write_text("raise SystemExit('this is not to be imported')")
    monkeypatch.syspath_prepend(tmp_path)

    catalogue = Catalogue.of_package("declared_events")

    assert catalogue.categories == ("booking", "more", "visit")
    assert [event.type for event in catalogue.types][:2] == ["booking.second", "booking.first"]
    assert len(catalogue.types) == 6


class Seen(Projection):
    """Tells which method took an event."""

    name = "seen"
    views = (View("seen"),)

    def either(self, event: OwnerRegistered | OwnerRenamed, record: RecordedEvent) -> Iterable[ViewChange]:
        """One method for two events."""
        yield Put("seen", "either", {})

    def anything(self, event: DomainEvent, record: RecordedEvent) -> Iterable[ViewChange]:
        """Every event that has no other."""
        yield Put("seen", "anything", {})

    def _helps(self, event: OwnerErased) -> None:
        """No handler, since it is not public."""


class OfOwners(Seen):
    """The same without the method for every event."""

    anything = None  # type: ignore[assignment]


def test_an_event_goes_to_the_method_that_is_annotated_with_it_else_to_the_one_for_every_event() -> None:
    def took(event: DomainEvent) -> list[str]:
        changes = Seen().changes(event, recorded(event, "owner-1", 1))
        return [change.id for change in changes if isinstance(change, Put)]

    assert took(OwnerRenamed(name="Ada")) == took(OwnerRegistered(name="Ada", email=None)) == ["either"]
    assert took(OwnerErased()) == took(RepairNoteAdded(note="x")) == ["anything"]


def test_a_projection_follows_the_logs_of_its_events_alone() -> None:
    assert [OfOwners().follows(log) for log in ("owner.0", "repair.0")] == [True, False]
    assert [Seen().follows(log) for log in ("owner.0", "repair.0")] == [True, True]
    assert OfOwners().changes(OwnerErased(), recorded(OwnerErased(), "owner-1", 1)) == []


def test_two_methods_for_one_event_are_refused() -> None:
    class Twofold(Seen):
        def again(self, event: OwnerRenamed, record: RecordedEvent) -> Iterable[ViewChange]:
            return []

    with pytest.raises(TypeError, match=r"Twofold\.again and \.either both take OwnerRenamed"):
        handler_names(Twofold, Projection)


class RepairOpenedNow(RepairOpened):
    """What the owner wrote is called otherwise, and the subject is not personal any more."""

    personal: ClassVar[tuple[str, ...]] = ("words",)
    upcasters: ClassVar[tuple[Upcaster, ...]] = (
        Upcaster(lambda data: {**data, "words": data["message"]}, personal=("subject", "message")),
        Upcaster(lambda data: data),
    )

    words: str | None


@pytest.mark.parametrize(
    ("schema", "personal"), [(1, ("subject", "message")), (2, ("words",)), (3, ("words",)), (0, ("subject", "message"))]
)
def test_an_event_knows_what_was_personal_in_each_schema(schema: int, personal: tuple[str, ...]) -> None:
    assert RepairOpenedNow.personal_in(schema) == personal
    assert Catalogue([RepairOpenedNow]).personal("repair.opened", schema) == personal


def test_the_erasure_of_an_owner_is_the_event_of_its_category_that_erases() -> None:
    catalogue = Catalogue.of_package("tests.engine.workshop")

    assert catalogue.erasure_of("owner-1") is OwnerErased
    assert catalogue.erasure_of("repair-1") is None
