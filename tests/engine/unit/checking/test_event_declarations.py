"""What `twinpath doctor` finds in events: each that cannot work, by its name."""

from collections.abc import Callable
from typing import Annotated

import pytest
from pydantic import Field

from tests.engine.support.bookings import Booked, Forgotten, event
from twinpath.checking.declarations import faults
from twinpath.domain import Application, Catalogue, DomainEvent

EVENTS: dict[str, tuple[type[DomainEvent], str]] = {
    "no docstring": (event(__doc__=None), "event booking.moved: it has no docstring"),
    "a name without a category": (event(type="moved"), "event moved: its stored name is not category.what_happened"),
    "a field of the seal": (event(annotations={"sealed": str}), "event booking.moved: a field can't be called sealed"),
    "personal, and no such field": (event(personal=("to",)), "event booking.moved: it has no field to"),
    "an owner, and no such field": (event(personal_of="who"), "event booking.moved: it has no field who"),
    "personal, but never None": (
        event(personal=("to",), annotations={"to": str}),
        "event booking.moved: the personal field to must take None",
    ),
    "an erasure with a field": (
        event(erases=True, annotations={"why": str}),
        "event booking.moved: it erases, so each of its fields needs a default",
    ),
    "a rule": (
        event(annotations={"seats": Annotated[int, Field(le=4)]}),
        "event booking.moved: seats is checked by a limit or a validator",
    ),
    "what is no JSON": (
        event(annotations={"why": Callable[[], None]}),
        "event booking.moved: it has a field that can't be stored as JSON",
    ),
}


@pytest.mark.parametrize("fault", EVENTS)
def test_an_event_that_cannot_work_is_named(fault: str) -> None:
    broken, line = EVENTS[fault]

    found = faults(Application(events=Catalogue([Booked, Forgotten, broken])))

    assert [one for one in found if one.startswith(line)], found
