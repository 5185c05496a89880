"""What a projection is: a name, its views, and one small pure method an event."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from twinpath.domain.discovery import classes_in
from twinpath.domain.events import DomainEvent, RecordedEvent, happens_to
from twinpath.domain.handlers import handler_names
from twinpath.domain.views import View, ViewChange
from twinpath.ids import expect_name

Handler = Callable[[Any, RecordedEvent], Iterable[ViewChange]]
"""Takes a domain event and its record, gives the changes it makes: pure, no clock, no store, no memory of its own."""


class Projection:
    """One way to read the log. It names every view it writes, and nothing else writes these.

    Each public method is a Handler of the event that its first parameter is annotated with; one for DomainEvent takes
    every event that has no other. It gets the event in the form of its class, and the record as the log has it, with
    personal data put back. `name` is also the name of its checkpoints; `version` grows when its documents must be built
    anew, which takes `twinpath rebuild`: until then the documents of the other version stay in service, and nothing is
    written to them. A view can be built anew when its projection has its name.
    """

    name: str
    version: int = 1
    views: tuple[View, ...]

    def __init_subclass__(cls) -> None:
        if "name" in vars(cls):
            expect_name("projection", cls.name)
        for view in vars(cls).get("views", ()):
            expect_name("view", view.name)

    @classmethod
    def all_in(cls, package: str) -> tuple["Projection", ...]:
        """One of every class of projection in the modules of a package."""
        return tuple(declared() for declared in classes_in(package, Projection))

    def changes(self, event: DomainEvent, recorded: RecordedEvent) -> list[ViewChange]:
        """What this event changes; nothing when the projection has no method for it."""
        handler = self.handlers.get(type(event)) or self.handlers.get(DomainEvent)
        return list(handler(event, recorded)) if handler else []

    def follows(self, log: str) -> bool:
        """Whether this log holds events of a category that matters here."""
        return DomainEvent in self.handlers or log.partition(".")[0] in self._categories

    @cached_property
    def handlers(self) -> Mapping[type[DomainEvent], Handler]:
        """The method of each event type that matters here. Raises TypeError when two take the same."""
        return {event: getattr(self, name) for event, name in handler_names(type(self), Projection).items()}

    @cached_property
    def _categories(self) -> frozenset[str]:
        return frozenset(happens_to(event) for event in self.handlers if event is not DomainEvent)
