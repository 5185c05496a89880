"""The shop's documents: one problem, unique ids, declared tags, a contact and a licence, and examples that fit."""

import pytest

from deploy.shop import SHOP
from tests.support.examples import unfit_examples
from twinpath.testing.documents import documents_of

DOCUMENTS = documents_of(SHOP)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_example_fits_its_schema(name: str) -> None:
    assert not unfit_examples(DOCUMENTS[name])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_contact_and_licence_are_those_of_the_declaration(name: str) -> None:
    info = DOCUMENTS[name]["info"]

    assert info["contact"]["name"] == SHOP.events.about.contact
    assert info["license"]["name"] == SHOP.events.about.licence


def test_callers_find_the_operations_under_the_names_of_commands_and_views() -> None:
    operations = {
        operation["operationId"] for methods in DOCUMENTS["both"]["paths"].values() for operation in methods.values()
    }

    assert {"open_ticket", "list_tickets", "get_ticket", "follow_ticket", "follow_tickets", "bulk"} <= operations
