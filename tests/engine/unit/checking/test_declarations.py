"""What `twinpath doctor` finds: nothing in a whole application, and each declaration that cannot work, by its name."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

import pytest
from pydantic import BaseModel

from tests.engine.support.bookings import (
    WHOLE,
    Book,
    Booked,
    Bookings,
    Forgotten,
    Reception,
    Showing,
    booking,
    event,
)
from twinpath.checking.declarations import faults
from twinpath.domain import (
    Aggregate,
    Application,
    Catalogue,
    DomainEvent,
    Earlier,
    Earliest,
    Facts,
    Process,
    Projection,
    RecordedEvent,
    Searchable,
    View,
    ViewChange,
)


def test_a_whole_application_has_no_faults() -> None:
    assert faults(WHOLE) == []


def test_a_part_of_an_application_is_not_blamed_for_what_the_others_declare() -> None:
    assert faults(Application(events=WHOLE.events, projections=WHOLE.projections)) == []
    assert faults(Application(events=WHOLE.events, resources=WHOLE.resources)) == []


class Taken(Reception):
    """Is called as a group of queues of the engine."""

    name = "views"


class Parked(Bookings):
    """Is called as a collection of the engine."""

    name = "parked"
    views = (View("parked"),)


class Twofold(Bookings):
    """Two methods for one event."""

    def again(self, event: Booked, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Twice."""
        return []


class Visited(DomainEvent):
    """Somebody came; no catalogue knows."""

    type: ClassVar[str] = "visit.visited"


class Unknown(Projection):
    """A method for an event of nobody."""

    name = "unknown"
    views = (View("unknown"),)

    def visited(self, event: Visited, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Of an event that is not in the catalogue."""
        return []


class OtherName(Bookings):
    """Its view has another name."""

    views = (View("booked"),)


class Guest(BaseModel):
    """Who comes."""

    name: str


class Party(BaseModel):
    """Who comes together."""

    room: str | None
    guests: list[Guest] | None
    more: dict[str, Any]


class Searched(Bookings):
    """Some of what it is searched by is not there."""

    views = (
        View(
            "bookings",
            Party,
            search=Searchable(
                text=("room", "guests.name", "guests.nmae", "more.whatever", "rom", "size"),
                exact=("room.number",),
                facets=("size", "guests.age"),
                computed={"size": len},
            ),
        ),
    )


class Idle(Process):
    """It does nothing."""

    name = "reception"

    def __init__(self, settings: Any) -> None:
        self._settings = settings


class GuestRow(NamedTuple):
    """Who came."""

    name: str


class Guests(Facts):
    """Shows who came."""

    name = "guests"
    row = GuestRow

    def booked(self, event: Booked, earlier: Earlier) -> Iterable[GuestRow]:
        """A guest."""
        return []


class VisitRow(NamedTuple):
    """How many came."""

    guests: int


class Visits(Facts):
    """Counts who came."""

    name = "visits"
    row = VisitRow

    def booked(self, event: Booked, earlier: Earlier) -> Iterable[VisitRow]:
        """One."""
        return [VisitRow(1)]


class Rows(Visits):
    """Is called as the rows of others."""

    name = "visits_rows"


class Anew(Visits):
    """Is called as others while they are made anew; its digest as its own rows."""

    name = "visits_anew"
    earliest: ClassVar[Mapping[str, Earliest]] = {"rows": Earliest("position", "log", "1 = 1")}


class Nothing(Facts):
    """Takes no event."""

    name = "guests"
    row = GuestRow


class BookAgain(Book):
    """Another command of the same stored name."""


def forbidden() -> Aggregate[Any, Any, Any]:
    """An aggregate whose endpoint nobody may use."""
    aggregate = booking(Booked, Forgotten)
    aggregate.post("/again", BookAgain, allow="", summary="Book again")
    return aggregate


STRANGE = Catalogue([Booked, Forgotten, event(type="visit.forgotten", erases=True)])
APPLICATIONS: dict[str, tuple[Application, list[str]]] = {
    "no events": (replace(WHOLE, aggregates=(booking(),)), ["aggregate booking: it has no events"]),
    "events of nobody": (
        replace(WHOLE, events=STRANGE),
        ["event visit.forgotten: nobody can be erased, since there is no aggregate visit"],
    ),
    "an event out of the catalogue": (
        replace(WHOLE, aggregates=(booking(Booked, Forgotten, event()),)),
        ["aggregate booking: its event Moved is not in the catalogue"],
    ),
    "no command that erases": (
        replace(WHOLE, aggregates=(replace(WHOLE.aggregates[0], erase=None),)),
        ["aggregate booking: an event of it erases, but no command is declared as `erase`"],
    ),
    "nobody erases": (
        replace(WHOLE, events=Catalogue([Booked]), aggregates=(booking(Booked),)),
        ["event booking.booked: its personal data stay for ever, since no event of booking erases"],
    ),
    "a command twice, without permission": (
        replace(WHOLE, aggregates=(forbidden(),)),
        [
            "command book: it is declared 2 times",
            "endpoint POST /bookings/again: it names no permission, so nobody may use it",
        ],
    ),
    "a handler too many": (
        replace(WHOLE, projections=(Twofold(),)),
        ["projection bookings: Twofold.again and .booked both take Booked"],
    ),
    "a handler of an unknown event": (
        replace(WHOLE, projections=(*WHOLE.projections, Unknown()), resources=()),
        ["projection unknown: visited takes Visited, which is not in the catalogue"],
    ),
    "a view of another name, which nobody reads": (
        replace(WHOLE, projections=(*WHOLE.projections, OtherName())),
        [
            "projection bookings: it is declared 2 times",
            "projection bookings: it can't be built anew, since it does not write just one view of its own name",
            "view booked: it is written, and no resource reads it",
        ],
    ),
    "a view that nobody writes": (
        replace(WHOLE, resources=(*WHOLE.resources, Showing(View("visits")))),
        ["view visits: it is read, and no projection writes it"],
    ),
    "searches by what is not there": (
        replace(WHOLE, projections=(Searched(),)),
        [
            f"view bookings: it is searched by {path}, which its model does not have"
            for path in ("guests.nmae", "rom", "room.number", "guests.age")
        ],
    ),
    "names of the engine's own": (
        replace(WHOLE, projections=(*WHOLE.projections, Parked()), processes=(Taken,), resources=()),
        [
            "projection parked: the engine keeps something of its own under this name",
            "process views: the engine follows logs under this name itself",
        ],
    ),
    "facts about people, and of nothing": (
        replace(WHOLE, facts=(Guests(), Nothing())),
        [
            "facts guests: it is declared 2 times",
            "facts guests: the column name is called like a personal field of booking.booked: facts hold no personal"
            " data",
            "facts guests: none of its methods takes an event",
        ],
    ),
    "facts whose tables would be those of others": (
        replace(WHOLE, facts=(Visits(), Rows(), Anew())),
        [
            "table or view of facts visits_anew: it is declared 2 times",
            "table or view of facts visits_rows: it is declared 2 times",
            "table or view of facts visits_rows_anew: it is declared 2 times",
            "table or view of facts visits_anew_rows: it is declared 2 times",
        ],
    ),
    "two processes of one name": (
        replace(WHOLE, processes=(Reception, Idle)),
        ["process reception: it is declared 2 times", "process reception: none of its methods takes an event"],
    ),
}


@pytest.mark.parametrize("fault", APPLICATIONS)
def test_a_declaration_that_cannot_work_is_named(fault: str) -> None:
    application, lines = APPLICATIONS[fault]

    assert faults(application) == lines
