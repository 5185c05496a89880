"""What `twinpath doctor` says of examples: nothing of the workshop's, and each that is not what it stands for."""

from dataclasses import replace
from typing import Any

import pytest

from tests.engine.workshop.application import QUERIES, WORKSHOP
from twinpath.checking.examples import unfit_examples
from twinpath.domain import Application, Dashboard, Resource


def test_the_examples_of_the_workshop_fit() -> None:
    assert not list(unfit_examples(WORKSHOP))


def _with(**changed: Any) -> Application:
    def spoilt(declared: Any) -> Any:
        if isinstance(declared, Resource) and "listing" in changed and declared.listing is not None:
            return replace(declared, listing=replace(declared.listing, example=changed["listing"]))
        kind = Resource if "resource" in changed else Dashboard
        return replace(declared, example=next(iter(changed.values()))) if isinstance(declared, kind) else declared

    return replace(QUERIES, resources=[spoilt(declared) for declared in QUERIES.resources])


@pytest.mark.parametrize("what", ["resource", "listing", "dashboard"])
@pytest.mark.parametrize("example", [{}, {"version": "many"}])
def test_an_example_that_does_not_fit_is_named(what: str, example: dict[str, Any]) -> None:
    assert any("its example does not fit" in fault for fault in unfit_examples(_with(**{what: example})))
