"""Writes history: every event of every aggregate, as it was recorded."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.events.customer import CustomerErased
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.domain.projection import Handler, Projection
from twinpath.domain.views import ChangeWhere, Put, ViewChange
from twinpath.personal_data.sealing import owner_of
from twinpath.views.history import HISTORY, entry_id


class HistoryProjection(Projection):
    """Takes each event, of whatever type, by one method, so a new event type needs no change here."""

    name = "history"
    views = (HISTORY,)

    def handlers(self) -> Mapping[type[DomainEvent], Handler]:
        """See Projection.handlers."""
        return {DomainEvent: self.happened, CustomerErased: self.customer_erased}

    def happened(self, event: DomainEvent, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """One entry, with the event's data; what is personal apart, None where it can't be read any more."""
        owner = owner_of(type(event), recorded.stream, recorded.data)
        data, personal = _apart(recorded.data, type(event).personal if owner is not None else ())
        entry = {
            "stream": recorded.stream,
            "version": recorded.version,
            "type": recorded.type,
            "schema": recorded.schema,
            "at": recorded.at,
            "actor": recorded.actor,
            "correlation_id": recorded.correlation_id,
            "data": data,
            "personal": personal,
            "personal_of": owner,
        }
        yield Put(HISTORY.name, entry_id(recorded.stream, recorded.version), entry)

    def customer_erased(self, event: CustomerErased, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """The erasure itself, and nothing personal any more in what came before."""
        yield from self.happened(event, recorded)
        yield ChangeWhere(HISTORY.name, {"personal_of": recorded.stream}, {"personal": None})


def _apart(data: Mapping[str, Any], names: Sequence[str]) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """What anybody may know of an event, and what is personal in it if any of that is there."""
    if not names:
        return data, None
    personal = {name: data[name] for name in names}
    rest = {name: value for name, value in data.items() if name not in personal}
    return rest, personal if any(value is not None for value in personal.values()) else None
