"""What a projection leaves aside of a batch, and why."""

import traceback
from collections.abc import Sequence, Set
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog

import twinpath.views
from twinpath.clock import utc_now
from twinpath.domain.events import SEALED, DomainEvent, RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import ViewChange
from twinpath.errors import Unavailable, UnknownEvent
from twinpath.projecting.applying.reading import Readable
from twinpath.views.parking import Extend, Park, ParkedStream, ParkingChange

MOST_REASON = 500
"""Characters of a reason."""
_STORES = Path(twinpath.views.__file__).parent
_LINES = 5
_MANY = 10

_log = structlog.get_logger(__name__)


class SetAside:
    """Collects what one projection leaves aside of one batch; `held` are the streams that are parked already."""

    def __init__(self, projection: Projection, held: Set[str]) -> None:
        self.projection = projection
        self._held = held
        self._parked: dict[str, ParkedStream] = {}
        self._extended: dict[str, Extend] = {}
        self.taken = 0
        """How many events were not left aside."""

    @property
    def holds_any(self) -> bool:
        """Whether any stream of this batch was parked before."""
        return bool(self._held)

    def holds(self, stream: str) -> bool:
        """Whether a stream was parked before this batch."""
        return stream in self._held

    def takes(self, event: RecordedEvent) -> bool:
        """Whether an event comes after a parked one of its stream; it is then left aside too."""
        if (parked := self._parked.get(event.stream)) is not None:
            self._parked[event.stream] = replace(parked, last=event.version)
        elif event.stream in self._held:
            self._extended[event.stream] = Extend(self.projection.name, event.stream, event.version)
        else:
            self.taken += 1
            return False
        return True

    def park(self, event: RecordedEvent, error: Exception) -> None:
        """Leave a poison event aside."""
        self.taken -= 1
        self._parked[event.stream] = parked_for(self.projection.name, event, event.version, error, utc_now())

    @property
    def parked(self) -> Sequence[ParkedStream]:
        """The streams that were not parked before."""
        return list(self._parked.values())

    @property
    def changes(self) -> list[ParkingChange]:
        """What the batch's commit says of it."""
        return [*map(Park, self._parked.values()), *self._extended.values()]

    def log_parked(self) -> None:
        """Say what the batch's commit parked: of many streams some, and the number of the others."""
        name, parked = self.projection.name, self.parked
        if self.taken == 0 and len(parked) >= _MANY:
            _log.error("projection_parks_everything", projection=name, reason=parked[0].reason)
        for stream in parked[:_LINES]:
            place = {"version": stream.version, "log": stream.log, "position": stream.position}
            _log.error("stream_parked", projection=name, stream=stream.stream, **place, reason=stream.reason)
        if len(parked) > _LINES:
            _log.error("more_streams_parked", projection=name, streams=len(parked) - _LINES)


def undisturbed(aside: SetAside, events: Sequence[RecordedEvent], readable: Readable) -> list[ViewChange] | None:
    """What a projection makes of events of which it leaves none aside; None where it may: they go one by one then."""
    if aside.holds_any:
        return None
    changes: list[ViewChange] = []
    try:
        for event in events:
            decoded, opened = readable[event.position]
            if isinstance(decoded, Exception):
                return None
            changes += aside.projection.changes(decoded, opened)
    except Exception:  # it shows again when they go one by one
        return None
    aside.taken += len(events)
    return changes


def changes_of(
    aside: SetAside, event: RecordedEvent, decoded: DomainEvent | Exception, opened: RecordedEvent
) -> list[ViewChange]:
    """What a projection makes of an event; nothing, and the event is left aside, when it can't."""
    if not isinstance(decoded, Exception):
        try:
            return aside.projection.changes(decoded, opened)
        except (Unavailable, MemoryError):  # not the event's fault
            raise
        except Exception as error:
            decoded = error
    aside.park(event, decoded)
    return []


def parked_for(name: str, event: RecordedEvent, last: int, error: Exception, now: datetime) -> ParkedStream:
    """A stream whose event failed for the first time, and where those up to version `last` wait."""
    place = (name, event.stream, event.log, event.version, event.position, last)
    return ParkedStream(*place, reason_of(error, event), attempts=1, parked_at=now, tried_at=now)


def reason_of(error: Exception, event: RecordedEvent) -> str:
    """The error's kind and place, and its message where that can't hold personal data: a reason outlives the keys.

    An event's personal data are sealed in it; a store may quote a document, except for its KeyError, which names ids.
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    file = Path(own[-1].filename) if own else Path()
    where = f" at {file.name}:{own[-1].lineno} in {own[-1].name}" if own else ""
    unknown = isinstance(error, UnknownEvent) and error.__cause__ is None
    of_store = _STORES in file.parents
    harmless = unknown or (isinstance(error, KeyError) if of_store else SEALED not in event.data)
    message = f": {error.args[0] if isinstance(error, KeyError) and error.args else error}" if harmless else ""
    return f"{type(error).__name__}{where}{message}"[:MOST_REASON]
