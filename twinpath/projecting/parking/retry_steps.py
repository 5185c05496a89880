"""One step of a retry: the next few events of a parked stream, in one transaction that says how far it is then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from twinpath.clock import Clock
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import ViewChange
from twinpath.errors import TwinpathError, Unavailable
from twinpath.ids import category_of
from twinpath.log.interface import EventLog
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.applying.reading import EventReader, Readable
from twinpath.projecting.parking.setting_aside import SetAside, changes_of, reason_of
from twinpath.views.interface import Batch, BatchWriter, StillKept
from twinpath.views.parking import LateCopy, ParkedStream, Resume

STEP_EVENTS = 100


@dataclass(frozen=True, slots=True)
class RetryStep:
    """One transaction of a retry: `applied` events; the stream as it was and as it is now, None when it is free."""

    before: ParkedStream
    after: ParkedStream | None
    applied: int

    @property
    def failed(self) -> bool:
        """Whether it ended at an event that still can't be applied."""
        return self.after is not None and self.after.reason is not None


class RetrySteps:
    """Takes steps; it keeps nothing between them."""

    def __init__(self, source: EventLog, seals: Seals, catalogue: Catalogue, clock: Clock) -> None:
        self._source = source
        self._reader = EventReader(seals, catalogue)
        self._clock = clock

    async def step(self, parked: ParkedStream, limit: int, projection: Projection, writer: BatchWriter) -> RetryStep:
        """Apply the next events, `limit` at most, up to the first that fails.

        Raises:
            CheckpointMoved: an owner was erased from the views after the data were opened; nothing was written.
                ParkedMoved, one of its kind: the stream is not as it was found.
            Unavailable: a store is away. The step may stand.
        """
        generation, erased = writer.generation(projection.name).number, dict(writer.erasures(projection.name))
        most = min(limit, STEP_EVENTS)
        events = await waiting(self._source, parked, parked.version - 1, most + 1)  # one more: what comes next then
        if len(events) < min(most + 1, parked.events):
            raise Unavailable(f"{parked.log} lacks events of {parked.stream} that are parked")
        readable, owners = await self._reader.read(events[:most])
        categories = {category_of(owner) for owner in owners}
        kept = StillKept(projection.name, generation, erased, categories) if owners else None
        return await _Attempt(parked, projection, writer, events, readable, self._clock, kept).apply(
            min(most, len(events))
        )


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What one step works on; `events` are those to try and, where there is one, the one after them."""

    parked: ParkedStream
    projection: Projection
    writer: BatchWriter
    events: Sequence[RecordedEvent]
    readable: Readable
    clock: Clock
    kept: StillKept | None

    async def apply(self, count: int) -> RetryStep:
        """Commit the first events, `count` at most, up to one that fails; fewer when the store refuses them."""
        aside = SetAside(self.projection, frozenset())
        changes: list[ViewChange] = []
        done = 0
        for event in self.events[:count]:
            changes += changes_of(aside, event, *self.readable[event.position])
            if aside.parked:
                break
            done += 1
        try:
            return await self._commit(changes, done, aside.parked[0].reason if aside.parked else None)
        except (TwinpathError, MemoryError):  # nothing that the events are to blame for
            raise
        except Exception as refusal:
            if done > 1:
                return await self.apply(done // 2)
            return await self._commit([], 0, reason_of(refusal, self.events[0]))

    async def _commit(self, changes: Sequence[ViewChange], done: int, reason: str | None) -> RetryStep:
        """Commit what `done` events change, and where the stream is then: free, under way, or failed for a reason."""
        after = None
        if done < len(self.events):
            after = moved(self.parked, self.events[done], self.clock())
            if reason is not None:
                after = replace(after, reason=reason, attempts=after.attempts + 1)
        late = [_late_copy(self.parked, self.parked.version + done - 1)] if done else []
        await self.writer.commit(Batch(changes, parking=[Resume(self.parked, after), *late], kept=self.kept))
        return RetryStep(self.parked, after, done)


async def waiting(source: EventLog, parked: ParkedStream, after_version: int, limit: int) -> list[RecordedEvent]:
    """At most `limit` of the events that wait, those beyond a version, from the log. Raises Unavailable."""
    most = min(limit, parked.last - after_version)
    return await source.read_stream(parked.log, parked.stream, after_version, most) if most > 0 else []


def moved(parked: ParkedStream, to: RecordedEvent, at: datetime) -> ParkedStream:
    """The stream with this event to come next; failures count on only for the same event."""
    attempts = parked.attempts if to.version == parked.version else 0
    return replace(parked, version=to.version, position=to.position, reason=None, attempts=attempts, tried_at=at)


def _late_copy(parked: ParkedStream, last: int) -> LateCopy:
    return LateCopy(parked.projection, parked.stream, parked.log, parked.version, last)
