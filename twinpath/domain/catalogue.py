"""Every event type by its stored name: translates between domain events and their stored form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import orjson
from pydantic import ValidationError

from twinpath.domain.about import About
from twinpath.domain.carrying import carrying
from twinpath.domain.discovery import classes_in
from twinpath.domain.events import SEALED, DomainEvent, NewEvent, RecordedEvent, happens_to
from twinpath.errors import NewerEvent, UnknownEvent
from twinpath.ids import category_of

_Stored = TypeVar("_Stored", RecordedEvent, NewEvent)


class _Closing(NamedTuple):
    """How an event of a type and schema is read without what is personal."""

    is_newest: bool
    then: dict[str, Any]
    """The personal fields that this schema had, as None."""
    now: dict[str, Any]
    carry: Callable[[Any], Any]


class Catalogue:
    """Reads every schema of every event type with the upcasters of its class, and writes the newest.

    Raises ValueError when two classes have one stored name.
    """

    def __init__(self, types: Iterable[type[DomainEvent]], about: About | None = None) -> None:
        """`about` is what the documents of the services name, as they share the events."""
        self.about = about or About()
        self._types: dict[str, type[DomainEvent]] = {}
        self._closings: dict[tuple[str, int], _Closing] = {}
        for event_type in types:
            if (other := self._types.setdefault(event_type.type, event_type)) is not event_type:
                raise ValueError(f"{other.__name__} and {event_type.__name__} are both stored as {event_type.type}")

    @classmethod
    def of_package(cls, package: str, about: About | None = None) -> Catalogue:
        """The events of every module of a package; a class without a stored name is only there to be inherited from."""
        return cls((event_type for event_type in classes_in(package, DomainEvent) if "type" in vars(event_type)), about)

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories that have events."""
        return tuple(dict.fromkeys(happens_to(event_type) for event_type in self._types.values()))

    @property
    def types(self) -> tuple[type[DomainEvent], ...]:
        """Every event type."""
        return tuple(self._types.values())

    @cached_property
    def internal(self) -> frozenset[str]:
        """The stored names of the events that owners are not shown."""
        return frozenset(event_type.type for event_type in self.types if event_type.internal)

    def event_type(self, name: str) -> type[DomainEvent] | None:
        """The class of events of this stored name, or None."""
        return self._types.get(name)

    def erasure_of(self, owner: str) -> type[DomainEvent] | None:
        """The event that erases the personal data of such an owner, the id of an aggregate; None without one."""
        mine = (event_type for event_type in self.types if happens_to(event_type) == category_of(owner))
        return next((event_type for event_type in mine if event_type.erases), None)

    def encode(self, event: DomainEvent) -> NewEvent:
        """The stored form of an event, in the oldest schema that holds it."""
        schema, data = event.schema_version, event.model_dump(mode="json")
        for upcaster in reversed(event.upcasters):
            older = None if upcaster.downcast is None else upcaster.downcast(data)
            if older is None:
                break
            schema, data = schema - 1, older
        return NewEvent(event.type, schema, data)

    def decode(self, stored: _Stored) -> DomainEvent:
        """The domain event of a stored one, of whatever schema; what is still sealed in it is None.

        Its structure alone counts: no limit and no validator of its class is asked (twinpath/domain/carrying.py).

        Raises:
            UnknownEvent: its type or schema is unknown, or its data does not fit.
        """
        data = self._data_of_today(stored)
        return self._read(stored, data, carrying(self._types[stored.type]))

    def decode_closed(self, stored: _Stored) -> DomainEvent:
        """The same with every personal field None, be it sealed or not.

        Raises:
            UnknownEvent: as decode does.
        """
        closing = self._closings.get((stored.type, stored.schema)) or self._closing(stored)
        data = stored.data
        if not closing.is_newest:
            data = self._data_of_today(stored, closing.then) | closing.now  # others may be personal since then
        else:  # as nearly every event of a log is
            if SEALED in data:
                data = {name: value for name, value in data.items() if name != SEALED}
            if closing.now:
                data = {**data, **closing.now}
        return self._read(stored, data, closing.carry)

    def _closing(self, stored: _Stored) -> _Closing:
        event_type = self._type_of(stored)
        then, now = dict.fromkeys(event_type.personal_in(stored.schema)), dict.fromkeys(event_type.personal)
        closing = _Closing(stored.schema == event_type.schema_version, then, now, carrying(event_type))
        self._closings[stored.type, stored.schema] = closing
        return closing

    def _read(self, stored: _Stored, data: dict[str, Any], carry: Callable[[Any], Any]) -> DomainEvent:
        try:
            event: DomainEvent = carry(data)
            return event
        except ValidationError as error:
            raise UnknownEvent(f"{stored.type!r} of schema {stored.schema} can't be read: {error}") from error

    def today(self, stored: _Stored) -> _Stored:
        """The stored event as it would be stored today; what is still sealed in it is None.

        Raises:
            UnknownEvent: its type or schema is unknown, or an upcaster can't take its data.
        """
        data = self._data_of_today(stored)
        return (
            stored
            if data is stored.data
            else replace(stored, schema=self._types[stored.type].schema_version, data=data)
        )

    def _data_of_today(self, stored: _Stored, closed: Mapping[str, None] | None = None) -> dict[str, Any]:
        """See today; apart from it, since a copy of a stored event takes longer than to read it. Fields that are
        `closed` are None."""
        event_type = self._type_of(stored)
        data = stored.data
        if SEALED in data:
            closed = dict.fromkeys(event_type.personal_in(stored.schema))
            data = {name: value for name, value in data.items() if name != SEALED}
        if closed:
            data = {**data, **closed}
        try:
            for schema in range(stored.schema, event_type.schema_version):
                own = orjson.loads(orjson.dumps(data))  # a copy that it may change, five times as fast as deepcopy
                data = event_type.upcasters[schema - 1].upcast(own)
        except Exception as error:
            # a KeyError names a field; the words of other errors may hold personal data
            reason = repr(error) if isinstance(error, KeyError) else type(error).__name__
            raise UnknownEvent(f"{stored.type!r} can't be brought to schema {schema + 1}: {reason}") from error
        return data

    def _type_of(self, stored: _Stored) -> type[DomainEvent]:
        event_type = self._types.get(stored.type)
        if event_type is not None and stored.schema > event_type.schema_version:
            raise NewerEvent(f"{stored.type!r} of schema {stored.schema} was written by a later version than this")
        if event_type is None or stored.schema < 1:
            raise UnknownEvent(f"no event {stored.type!r} of schema {stored.schema} is known here")
        return event_type

    def personal(self, name: str, schema: int) -> tuple[str, ...]:
        """The fields that were personal in this schema of an event type; nothing where the type is unknown."""
        event_type = self._types.get(name)
        return () if event_type is None else event_type.personal_in(schema)
