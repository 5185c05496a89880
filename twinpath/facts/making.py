"""Makes rows of events: decodes them without what is personal, and recalls what happened before in their streams."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import SEALED, DomainEvent, RecordedEvent
from twinpath.domain.facts import Earlier, Facts, Happened
from twinpath.facts.tables import Row, Table, mark_of, personal_of
from twinpath.log.interface import EventLog
from twinpath.personal_data.sealing import Seals

MOST_RECALLED = 50_000
"""Streams whose events are kept in memory. The half to which nothing happened for the longest time goes at once, since
an order of all of them takes longer to keep; their events are read from the log."""
_AT_ONCE = 500
_NO_PARTS: Mapping[str, str | None] = {}

_Recalled = dict[type[DomainEvent], Happened[Any]]
_NOTHING: _Recalled = {}


class Making:
    """The rows of one log's events for one declaration. Raises Unavailable, UnknownEvent and what a handler raises."""

    def __init__(
        self,
        facts: Facts,
        table: Table,
        source: EventLog,
        seals: Seals,
        catalogue: Catalogue,
        most_recalled: int = MOST_RECALLED,
    ) -> None:
        self._facts = facts
        self._most_recalled = most_recalled
        self._source = source
        self._seals = seals
        self._catalogue = catalogue
        self._recalls = frozenset(facts.recalls)
        self._recalled: dict[str, _Recalled] = {}
        self._recalled_before: dict[str, _Recalled] = {}
        """By stream; the streams to which something happened since the last half went are in the first."""
        self._opened = {event.type for event in facts.parts}
        self._needed = {event.type for event in (*facts.handlers, *facts.recalls)}
        self._passed_over: set[tuple[str, int]] = set()
        """Types and schemas that are known and have no rows here."""
        self._hidden = {event.type: personal_of(event) for event in (*facts.handlers, *facts.recalls)}
        self._mark = mark_of(table)

    async def rows(self, events: Sequence[RecordedEvent]) -> list[Row]:
        """The rows of consecutive events of a log, in their order."""
        # every event of a log comes by here: what is a call, or looked up, for each shows in the time of a rebuild
        rows: list[Row] = []
        needed, passed_over, recalls, handlers = self._needed, self._passed_over, self._recalls, self._facts.handlers
        opened = await self._seals_open(events)
        for recorded in events:
            kind, stream, line = recorded.type, recorded.stream, 0
            if kind in needed or ((kind, recorded.schema) not in passed_over and self._is_unknown(recorded)):
                event, parts = self._decoded(recorded, opened)
                event_type, shown = type(event), self._shown(recorded)
                recalled = _NOTHING
                if recalls and (recalled := self._recalled.get(stream, _NOTHING)) is _NOTHING:
                    recalled = await self._recall(recorded)
                if handler := handlers.get(event_type):
                    log, position, at = recorded.log, recorded.position, recorded.at
                    for row in handler(event, Earlier(shown, parts, recalled)):
                        line += 1
                        rows.append((log, position, line, kind, stream, at, *row))
                if event_type in recalls:
                    recalled[event_type] = Happened(event, shown, parts)
            if line == 0:
                rows.append(self._mark(recorded))
        return rows

    def _is_unknown(self, recorded: RecordedEvent) -> bool:
        """Whether nobody knows it, so that nobody can tell whether it has rows."""
        event_type = self._catalogue.event_type(recorded.type)
        if event_type is None or not 1 <= recorded.schema <= event_type.schema_version:
            return True
        self._passed_over.add((recorded.type, recorded.schema))
        return False

    async def _seals_open(self, events: Sequence[RecordedEvent]) -> dict[int, RecordedEvent]:
        """By position: the events of which a part of what is personal may be kept, opened."""
        sealed = [event for event in events if event.type in self._opened and SEALED in event.data]
        return {event.position: event for event in await self._seals.open(sealed)} if sealed else {}

    def _decoded(
        self, recorded: RecordedEvent, opened: Mapping[int, RecordedEvent]
    ) -> tuple[DomainEvent, Mapping[str, str | None]]:
        """The event without what is personal, and the parts of that which are declared."""
        if recorded.type not in self._opened:  # what is personal need not even be read
            return self._catalogue.decode_closed(recorded), _NO_PARTS
        event = self._catalogue.decode(opened.get(recorded.position, recorded))
        parts = {part: _part(event, part) for part in self._facts.parts[type(event)]}
        return _without_personal(event), parts

    def _shown(self, recorded: RecordedEvent) -> RecordedEvent:
        """The record for handlers: sealed as it is stored, and without what is personal of nobody in particular."""
        hidden = self._hidden.get(recorded.type)
        if not hidden or SEALED in recorded.data:
            return recorded
        return replace(recorded, data={name: value for name, value in recorded.data.items() if name not in hidden})

    async def _recall(self, recorded: RecordedEvent) -> _Recalled:
        """What the declaration recalls of the stream of an event, from now on among the latest streams in memory."""
        stream = recorded.stream
        recalled = self._recalled_before.pop(stream, None)
        if recalled is None:
            recalled = await self._earlier(recorded)
        if len(self._recalled) >= self._most_recalled // 2:
            self._recalled, self._recalled_before = {}, self._recalled
        self._recalled[stream] = recalled
        return recalled

    async def _earlier(self, recorded: RecordedEvent) -> _Recalled:
        """What the declaration recalls of the stream before an event, from the log."""
        recalled: _Recalled = {}
        if recorded.version > 1:
            before = await self._before(recorded)
            opened = await self._seals_open(before)
            for earlier in before:
                event, parts = self._decoded(earlier, opened)
                recalled[type(event)] = Happened(event, self._shown(earlier), parts)
        return recalled

    async def _before(self, recorded: RecordedEvent) -> list[RecordedEvent]:
        kinds = {event.type for event in self._facts.recalls}
        events: list[RecordedEvent] = []
        version = 0
        while version < recorded.version - 1:
            limit = min(_AT_ONCE, recorded.version - 1 - version)
            page = await self._source.read_stream(recorded.log, recorded.stream, version, limit)
            if not page:
                break
            events += [event for event in page if event.type in kinds]
            version = page[-1].version
        return events

    def forget(self) -> None:
        """Recall nothing any more, as after events that are taken a second time."""
        self._recalled.clear()
        self._recalled_before.clear()


def _without_personal(event: DomainEvent) -> DomainEvent:
    personal = {name: None for name in type(event).personal if getattr(event, name) is not None}
    return event.model_copy(update=personal) if personal else event


def _part(event: DomainEvent, part: str) -> str | None:
    field, _, inner = part.partition(".")
    whole = getattr(event, field, None)
    value = whole.get(inner) if isinstance(whole, Mapping) else getattr(whole, inner, None)
    return None if value is None else str(value)
