"""Writes history: every event of every aggregate, as it was recorded."""

from collections.abc import Iterable, Mapping

from projector_service.projection import Handler, Projection
from shared.events.recorded import DomainEvent, RecordedEvent
from shared.read_models.history import HISTORY, entry_id
from shared.view_store.interface import Put, ViewChange


class HistoryProjection(Projection):
    """Takes each event, of whatever type, by one method, so a new event type needs no change here."""

    name = "history"
    views = (HISTORY,)

    def handlers(self) -> Mapping[type[DomainEvent], Handler]:
        """See Projection.handlers."""
        return {DomainEvent: self.happened}

    def happened(self, event: DomainEvent, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """One entry, with the data as it was recorded."""
        entry = {
            "stream": recorded.stream,
            "version": recorded.version,
            "type": recorded.type,
            "at": recorded.at,
            "actor": recorded.actor,
            "correlation_id": recorded.correlation_id,
            "data": recorded.data,
        }
        yield Put(HISTORY.name, entry_id(recorded.stream, recorded.version), entry)
