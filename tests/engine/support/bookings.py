"""A small application without faults, which the tests of `twinpath doctor` break in each way, and what breaks it."""

from collections.abc import Iterable
from typing import Any, ClassVar

from twinpath.domain import (
    Aggregate,
    Application,
    Catalogue,
    Command,
    DomainEvent,
    Process,
    Projection,
    Put,
    RecordedEvent,
    View,
    ViewChange,
)
from twinpath.domain.resource import Endpoints


class Booked(DomainEvent):
    """A slot is taken."""

    type: ClassVar[str] = "booking.booked"
    personal: ClassVar[tuple[str, ...]] = ("name",)

    name: str | None


class Forgotten(DomainEvent):
    """Who booked it is forgotten."""

    type: ClassVar[str] = "booking.forgotten"
    erases: ClassVar[bool] = True


class Book(Command):
    """Take a slot."""

    type: ClassVar[str] = "book"
    target: ClassVar[str] = "booking_id"
    booking_id: str


class Bookings(Projection):
    """One document a booking."""

    name = "bookings"
    views = (View("bookings"),)

    def booked(self, event: Booked, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """A booking."""
        yield Put("bookings", recorded.stream, {"name": event.name})


class Reception(Process):
    """Greets."""

    name = "reception"

    def __init__(self, settings: Any) -> None:
        self._settings = settings

    async def booked(self, event: Booked, then: Any) -> None:
        """Somebody comes."""


class Showing(Endpoints):
    """Shows some views."""

    def __init__(self, *views: View) -> None:
        self._views = views

    def reads(self) -> tuple[View, ...]:
        """See Endpoints.reads."""
        return self._views


def booking(*events: type[DomainEvent], category: str = "booking") -> Aggregate[Any, Any, Any]:
    """An aggregate of these events, with an endpoint."""
    aggregate: Aggregate[Any, Any, Any] = Aggregate(category, lambda *_: [], lambda *_: None, dict, events, erase=Book)
    aggregate.post("", Book, allow="bookings:book", summary="Book")
    return aggregate


WHOLE = Application(
    events=Catalogue([Booked, Forgotten]),
    aggregates=(booking(Booked, Forgotten),),
    processes=(Reception,),
    projections=(Bookings(),),
    resources=(Showing(View("bookings")),),
)


def event(**attributes: Any) -> type[DomainEvent]:
    """An event called as booking.moved with these attributes and fields."""
    annotations = attributes.pop("annotations", {})
    given = {"__module__": __name__, "__doc__": "Moved.", "type": "booking.moved", "__annotations__": annotations}
    return type("Moved", (DomainEvent,), given | attributes)
