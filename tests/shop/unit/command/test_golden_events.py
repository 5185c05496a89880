"""No event that was ever written becomes unreadable: the golden entries, and that each way to break them is told."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from shared.events import CATALOGUE
from shared.events.customer import CUSTOMER_EVENTS, CustomerRegistered, CustomerRenamed
from tests.shop.golden.complaints import complaints
from tests.shop.golden.entries import DIGESTS, FOLDER, write_new
from tests.shop.golden.examples import EXAMPLES
from twinpath.domain import Catalogue, DomainEvent, Upcaster

OTHERS = [event for event in CATALOGUE.types if event not in CUSTOMER_EVENTS]


async def test_every_event_that_was_ever_written_can_be_read_today() -> None:
    """What it says tells what to do; the whole story is in docs/guides/change-an-event.md."""
    assert await complaints(CATALOGUE, EXAMPLES) == []


class WithPhone(CustomerRegistered):
    """A customer's registration with one field more."""

    personal: ClassVar[tuple[str, ...]] = (*CustomerRegistered.personal, "phone")

    phone: str | None = None


class WithPhoneNow(WithPhone):
    """The same, as it must be done."""

    upcasters = (
        *CustomerRegistered.upcasters,
        Upcaster(lambda data: {**data, "phone": None}, personal=CustomerRegistered.personal),
    )


class WithPhoneBadly(WithPhone):
    """The same with an upcaster that gives another form."""

    upcasters = (*CustomerRegistered.upcasters, Upcaster(lambda data: {**data, "tel": None}))


class PublicName(CustomerRenamed):
    """A customer's new name, not personal any more."""

    personal: ClassVar[tuple[str, ...]] = ()


class Described(CustomerRenamed):
    """Other words for the same."""


class Forgotten(DomainEvent):
    """A new event."""

    type: ClassVar[str] = "customer.forgotten"


NOW, NEXT = (f"customer.registered.{kind.schema_version}.json" for kind in (CustomerRegistered, WithPhoneNow))


def changed(with_this: type[DomainEvent]) -> Catalogue:
    """Today's catalogue with this event in place of that of the same name, or added."""
    types = {event.type: event for event in (*CATALOGUE.types, with_this)}
    return Catalogue(types.values())


def examples_of(catalogue: Catalogue) -> list[DomainEvent]:
    """The examples of those events that are as they were."""
    return [example for example in EXAMPLES if type(example) in catalogue.types]


@pytest.mark.parametrize(
    ("catalogue", "told"),
    [
        (changed(WithPhone), "add an upcaster to its `upcasters`"),
        (changed(PublicName), "add an upcaster to its `upcasters`"),
        (
            changed(WithPhoneNow),
            f"schema {WithPhoneNow.schema_version} of customer.registered has no golden entry: give",
        ),
        (changed(Forgotten), "schema 1 of customer.forgotten has no golden entry: give an example"),
        (Catalogue(OTHERS), "events of customer.erased.1.json can't be read any more"),
        (changed(WithPhoneBadly), f"events of {NOW} can't be read any more"),
    ],
    ids=["a field more", "not personal any more", "a new schema", "a new event", "a removed event", "a bad upcaster"],
)
async def test_a_change_that_is_not_whole_is_told(catalogue: Catalogue, told: str) -> None:
    found = await complaints(catalogue, examples_of(catalogue))

    assert [complaint for complaint in found if told in complaint], found


async def test_other_words_are_no_other_schema() -> None:
    catalogue = changed(Described)

    assert await complaints(catalogue, examples_of(catalogue)) == []


async def test_an_example_that_is_written_otherwise_is_told() -> None:
    other = [*EXAMPLES, CustomerRegistered(name="Bea", email=None)]

    [complaint] = await complaints(CATALOGUE, other)

    assert "an example of customer.registered is not written as its golden entry has it" in complaint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the golden entries."""
    return Path(shutil.copytree(FOLDER, tmp_path / "events"))


async def test_a_new_schema_gets_its_entry_beside_the_old_one_and_then_all_is_well(folder: Path) -> None:
    catalogue = changed(WithPhoneNow)
    examples: list[DomainEvent] = [*examples_of(catalogue), WithPhoneNow(name="Ada", email=None, phone="1")]
    before = (folder / NOW).read_bytes()

    assert await write_new(catalogue, examples, folder) == [NEXT]

    assert await complaints(catalogue, examples, folder) == []
    assert (folder / NOW).read_bytes() == before
    assert await write_new(catalogue, examples, folder) == []


def _replace(folder: Path) -> Any:
    entry = folder / "customer.renamed.1.json"
    entry.write_text(entry.read_text().replace("Ada King", "Bea King"))


FAULTS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "changed": (_replace, "customer.renamed.1.json was changed or removed"),
    "removed": (lambda folder: (folder / "order.placed.1.json").unlink(), "order.placed.1.json was changed or removed"),
    "not noted": (lambda folder: (folder / DIGESTS).write_text(""), "order.placed.1.json has no digest"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_an_entry_that_was_touched_is_told(folder: Path, fault: str) -> None:
    touch, told = FAULTS[fault]
    touch(folder)

    found = await complaints(CATALOGUE, EXAMPLES, folder)

    assert [complaint for complaint in found if told in complaint], found


def test_a_customers_examples_are_sealed() -> None:
    assert '"sealed": []' not in (FOLDER / f"{CustomerRenamed.type}.1.json").read_text()
