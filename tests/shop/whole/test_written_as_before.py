"""Events are written in the oldest schema that holds them, so that replicas of an earlier version can read them."""

import pytest

from deploy.shop import SHOP
from shared.events.money import Money
from shared.events.order import ShippingAddress
from tests.shop.golden.entries import FOLDER, Entry, read_entries
from twinpath.domain.events import NewEvent

CATALOGUE = SHOP.events
FIRST = [entry for entry in read_entries(FOLDER) if entry.schema == 1]
EUROS = Money(minor=1999, currency="EUR", digits=2)
ADDRESS = ShippingAddress(name="Ada", street="Row 1", city="London", postal_code="N1 1AA", country="GB")


@pytest.mark.parametrize("entry", FIRST, ids=[entry.type for entry in FIRST])
def test_what_the_first_schema_held_is_written_as_it_was(entry: Entry) -> None:
    for data in entry.examples:
        event = CATALOGUE.decode(NewEvent(entry.type, 1, data))
        assert CATALOGUE.encode(event) == NewEvent(entry.type, 1, data)


@pytest.mark.parametrize("entry", read_entries(FOLDER), ids=lambda entry: entry.file)
def test_nothing_is_lost_in_an_older_schema(entry: Entry) -> None:
    for data in entry.examples:
        event = CATALOGUE.decode(NewEvent(entry.type, entry.schema, data))
        assert CATALOGUE.decode(CATALOGUE.encode(event)) == event


@pytest.mark.parametrize(
    ("change", "schema"),
    [
        ({}, 1),
        ({"total": EUROS.model_copy(update={"digits": 3})}, 2),
        ({"shipping_address": ADDRESS.model_copy(update={"postal_code": None})}, 2),
        ({"shipping_address": ADDRESS.model_copy(update={"region": "Kent"})}, 2),
        ({"shipping_address": None}, 1),
    ],
)
def test_what_an_older_schema_does_not_hold_is_written_in_the_newer(change: dict[str, object], schema: int) -> None:
    placed = next(entry for entry in FIRST if entry.type == "order.placed")
    event = CATALOGUE.decode(NewEvent(placed.type, 1, placed.examples[0]))
    event = event.model_copy(update={"total": EUROS, "shipping_address": ADDRESS, "lines": ()} | change)

    assert CATALOGUE.encode(event).schema == schema
