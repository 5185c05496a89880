"""What a projection is: a name, its views, and one small pure method an event."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.domain.views import View, ViewChange

Handler = Callable[[Any, RecordedEvent], Iterable[ViewChange]]
"""Takes a domain event and its record, gives the changes it makes: pure, no clock, no store, no memory of its own."""


class Projection(ABC):
    """One way to read the log. It names every view it writes, and nothing else writes these.

    `name` is also the name of its checkpoints; `version` grows when its documents must be built anew, which takes
    `twinpath rebuild`: until then the documents of the other version stay in service, and nothing is written to them.
    A view can be built anew when its projection has its name.
    """

    name: str
    version: int = 1
    views: tuple[View, ...]

    @abstractmethod
    def handlers(self) -> Mapping[type[DomainEvent], Handler]:
        """The method for each event type that matters here; one for DomainEvent takes every event that has no other."""

    def changes(self, event: DomainEvent, recorded: RecordedEvent) -> list[ViewChange]:
        """What this event changes; nothing when the projection has no method for it."""
        handler = self._table.get(type(event)) or self._table.get(DomainEvent)
        return list(handler(event, recorded)) if handler else []

    def follows(self, log: str) -> bool:
        """Whether this log holds events of a category that matters here."""
        return DomainEvent in self._table or log.partition(".")[0] in self._categories

    @cached_property
    def _table(self) -> Mapping[type[DomainEvent], Handler]:
        return self.handlers()

    @cached_property
    def _categories(self) -> frozenset[str]:
        return frozenset(event.type.partition(".")[0] for event in self._table if event is not DomainEvent)
