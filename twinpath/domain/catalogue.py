"""Every event type by its stored name, and the upcasters that make old ones readable."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import ValidationError

from twinpath.domain.events import SEALED, DomainEvent, NewEvent, RecordedEvent
from twinpath.errors import UnknownEvent

_Stored = TypeVar("_Stored", RecordedEvent, NewEvent)


@dataclass(frozen=True, slots=True)
class Upcaster:
    """Turns the data of an event type's schema n into that of schema n + 1; docs/guides/change-an-event.md.

    `personal` names what was personal in schema n; None means: what is in schema n + 1. An erased customer's fields
    are None in the data, so `upcast` must take that.
    """

    type: str
    schema: int
    upcast: Callable[[dict[str, Any]], dict[str, Any]]
    personal: tuple[str, ...] | None = None


class Catalogue:
    """Translates between domain events and their stored form.

    Raises:
        ValueError: an upcaster is missing, doubled or leads nowhere: some events could not be read.
    """

    def __init__(self, types: Iterable[type[DomainEvent]], upcasters: Iterable[Upcaster] = ()) -> None:
        self._types = {event_type.type: event_type for event_type in types}
        given = list(upcasters)
        self._upcasters = {(upcaster.type, upcaster.schema): upcaster for upcaster in given}
        needed = [(name, n) for name, event_type in self._types.items() for n in range(1, event_type.schema_version)]
        if len(given) != len(needed) or self._upcasters.keys() != set(needed):
            found = sorted((upcaster.type, upcaster.schema) for upcaster in given)
            raise ValueError(f"there must be one upcaster for each of {sorted(needed)}, but there are {found}")

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories that have events: what stands before the dot of a type."""
        return tuple(dict.fromkeys(name.partition(".")[0] for name in self._types))

    @property
    def types(self) -> tuple[type[DomainEvent], ...]:
        """Every event type."""
        return tuple(self._types.values())

    def event_type(self, name: str) -> type[DomainEvent] | None:
        """The class of events of this stored name, or None."""
        return self._types.get(name)

    def encode(self, event: DomainEvent) -> NewEvent:
        """The stored form of an event."""
        return NewEvent(event.type, event.schema_version, event.model_dump(mode="json"))

    def decode(self, stored: _Stored) -> DomainEvent:
        """The domain event of a stored one, of whatever schema; what is still sealed in it is None.

        Raises:
            UnknownEvent: its type or schema is unknown, or its data does not fit.
        """
        event_type = self._types.get(stored.type)
        is_of_today = (
            event_type is not None and stored.schema == event_type.schema_version and SEALED not in stored.data
        )
        today = stored if is_of_today else self.today(stored)
        try:
            return self._types[today.type].model_validate(today.data)
        except ValidationError as error:
            raise UnknownEvent(f"{stored.type!r} of schema {stored.schema} can't be read: {error}") from error

    def today(self, stored: _Stored) -> _Stored:
        """The stored event as it would be stored today; what is still sealed in it is None.

        Raises:
            UnknownEvent: its type or schema is unknown, or an upcaster can't take its data.
        """
        event_type = self._types.get(stored.type)
        if event_type is None or not 1 <= stored.schema <= event_type.schema_version:
            raise UnknownEvent(f"no event {stored.type!r} of schema {stored.schema} is known here")
        data = stored.data
        if SEALED in data:
            closed = dict.fromkeys(self.personal(stored.type, stored.schema))
            data = {name: value for name, value in data.items() if name != SEALED} | closed
        try:
            for schema in range(stored.schema, event_type.schema_version):
                data = self._upcasters[stored.type, schema].upcast(deepcopy(data))
        except Exception as error:
            # of a KeyError the field's name; what others say may hold what is personal
            said = repr(error) if isinstance(error, KeyError) else type(error).__name__
            raise UnknownEvent(f"{stored.type!r} can't be brought to schema {schema + 1}: {said}") from error
        return stored if data is stored.data else replace(stored, schema=event_type.schema_version, data=data)

    def personal(self, name: str, schema: int) -> tuple[str, ...]:
        """What was personal in this schema of an event type; nothing where the type is unknown."""
        event_type = self._types.get(name)
        if event_type is None:
            return ()
        later = (self._upcasters[name, n].personal for n in range(schema, event_type.schema_version))
        return next((names for names in later if names is not None), event_type.personal)
