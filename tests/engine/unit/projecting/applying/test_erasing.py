"""What an erasure takes out of views at once, whatever event erases: here that of the owner of a car."""

from collections.abc import Iterable

import pytest

from tests.engine.workshop.events import OwnerErased, OwnerRenamed
from tests.support.recording import recorded
from twinpath.domain import Catalogue, Change, ChangeWhere, DomainEvent, Projection, RecordedEvent, View, ViewChange
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.applying.erasing import late_wipes, wipes_of

EVENTS = Catalogue.of_package("tests.engine.workshop")
ADA, BEA = "owner-1", "owner-2"
LAST = recorded(OwnerRenamed(name="Ada"), ADA, 7)


class Cars(Projection):
    """Documents of an owner, and those of their cars."""

    name = "cars"
    views = (View("cars"),)

    def erased(self, event: OwnerErased, record: RecordedEvent) -> Iterable[ViewChange]:
        """Their own document, and the others by their id."""
        yield Change("cars", record.stream, set={"name": None, "version": record.version})
        yield ChangeWhere("cars", {"owner_id": record.stream}, {"plate": None})


class CanNotErase(Cars):
    """Its method fails."""

    def erased(self, event: OwnerErased, record: RecordedEvent) -> Iterable[ViewChange]:
        """Raise."""
        raise ValueError("no")


def cars_of(owner: str) -> ChangeWhere:
    return ChangeWhere("cars", {"owner_id": owner}, {"plate": None})


def named(owner: str) -> ChangeWhere:
    return ChangeWhere("cars", {"_id": owner}, {"name": None, "version": 7})


@pytest.mark.parametrize(
    ("projection", "event", "wiped"),
    [
        (Cars(), OwnerErased(), [cars_of(ADA), named(ADA)]),
        (Cars(), OwnerRenamed(name="Ada"), []),
        (CanNotErase(), OwnerErased(), []),
    ],
    ids=["an erasure", "another event", "an erasure that fails"],
)
def test_an_erasure_that_is_set_aside_wipes_all_the_same(
    projection: Projection, event: DomainEvent, wiped: list[ChangeWhere]
) -> None:
    assert wipes_of(projection, recorded(event, ADA, 7), EVENTS) == wiped


async def late(catalogue: Catalogue = EVENTS) -> list[ChangeWhere]:
    """After Ada's key was destroyed, whose data and Bea's had been opened."""
    keys = InMemoryKeyStore()
    await keys.key_for(BEA)
    await keys.destroy(ADA)
    return await late_wipes(Seals(keys, catalogue), catalogue, [Cars()], {ADA, BEA}, LAST)


async def test_what_was_opened_before_a_key_was_destroyed_is_wiped_but_for_the_owners_own_document() -> None:
    assert await late() == [cars_of(ADA)]


async def test_an_owner_of_a_kind_that_no_event_erases_has_nothing_to_wipe() -> None:
    assert await late(catalogue=Catalogue([OwnerRenamed])) == []
