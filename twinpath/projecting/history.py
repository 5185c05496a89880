"""Writes history: every event of every aggregate, as it was recorded."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import ChangeWhere, Put, ViewChange
from twinpath.personal_data.sealing import owner_of
from twinpath.views.history import HISTORY, entry_id


class HistoryProjection(Projection):
    """Takes each event, of whatever type, in the schema in which it was stored: so the same log always gives the same
    entries, whatever the code of today makes of them; who reads them brings them up to date."""

    name = "history"
    version = 2
    views = (HISTORY,)

    def happened(self, event: DomainEvent, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """One entry with the event's data, personal data apart; after an erasure nothing personal in what came before.

        Personal data that can't be read any more are None.
        """
        owner = owner_of(type(event), recorded.stream, vars(event), recorded.schema)
        data, personal = _apart(recorded.data, type(event).personal_in(recorded.schema) if owner is not None else ())
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
        if event.erases:
            yield ChangeWhere(HISTORY.name, {"personal_of": recorded.stream}, {"personal": None})


def _apart(data: Mapping[str, Any], names: Sequence[str]) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """The part of an event that anybody may know, and the personal data in it, if any are there."""
    if not names:
        return data, None
    personal = {name: data[name] for name in names}
    rest = {name: value for name, value in data.items() if name not in personal}
    return rest, personal if any(value is not None for value in personal.values()) else None
