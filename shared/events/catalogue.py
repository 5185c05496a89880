"""Every event type by its stored name, and the upcasters that make old ones readable."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from shared.errors import UnknownEvent
from shared.events.customer import CUSTOMER_EVENTS
from shared.events.order import ORDER_EVENTS
from shared.events.product import PRODUCT_EVENTS
from shared.events.recorded import SEALED, DomainEvent, NewEvent, RecordedEvent
from shared.events.ticket import TICKET_EVENTS

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the data of schema n into that of schema n + 1."""


class Catalogue:
    """Translates between domain events and their stored form."""

    def __init__(
        self, types: Iterable[type[DomainEvent]], upcasters: Mapping[tuple[str, int], Upcaster] | None = None
    ) -> None:
        self._types = {event_type.type: event_type for event_type in types}
        self._upcasters = dict(upcasters or {})

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

    def decode(self, recorded: RecordedEvent | NewEvent) -> DomainEvent:
        """The domain event of a stored one, brought to today's schema; what is still sealed in it is None.

        Raises:
            UnknownEvent: its type or schema is unknown, or its data does not fit.
        """
        event_type = self._types.get(recorded.type)
        if event_type is None or recorded.schema > event_type.schema_version:
            raise UnknownEvent(f"no event {recorded.type!r} of schema {recorded.schema} is known here")
        data = recorded.data
        if SEALED in data:
            data = {name: value for name, value in data.items() if name != SEALED} | dict.fromkeys(event_type.personal)
        try:
            for schema in range(recorded.schema, event_type.schema_version):
                data = self._upcasters[recorded.type, schema](data)
            return event_type.model_validate(data)
        except (KeyError, ValidationError) as error:
            raise UnknownEvent(f"{recorded.type!r} of schema {recorded.schema} can't be read: {error}") from error


CATALOGUE = Catalogue([*TICKET_EVENTS, *PRODUCT_EVENTS, *CUSTOMER_EVENTS, *ORDER_EVENTS])
"""The events of this shop."""
