"""What an operator can do about parked streams: look at them, try them again, skip an event for good.

A retry takes the events from the log, in the order of their stream and a few a transaction, which also says how far
the stream is then. So it may be stopped between any two steps, run twice at once, and meet a live consumer that parks
more: whoever comes second is refused, and looks again.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from twinpath.clock import Clock, utc_now
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.errors import CheckpointMoved, NotFound, RuleViolation, Unavailable
from twinpath.log.interface import EventLog
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.applying.reading import EventReader
from twinpath.projecting.parking.retry_steps import RetryStep, RetrySteps, moved, waiting
from twinpath.views.interface import Batch, BatchWriter
from twinpath.views.parking import Parked, ParkedStream, Resume, Skipped

_PAGE = 100
_LOOKS = 5
_LONGEST_REST = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """What a retry would do: `streams`, in this order, until `events` are tried; the totals are all that is parked."""

    streams: Sequence[ParkedStream]
    events: int
    total_streams: int
    total_events: int


@dataclass(slots=True)
class Retried:
    """What the steps of a retry did: events applied, streams freed, and those that parked again."""

    applied: int = 0
    freed: int = 0
    failed: list[ParkedStream] = field(default_factory=list)

    def add(self, step: RetryStep) -> None:
        """Count one step more."""
        self.applied += step.applied
        self.freed += step.after is None
        if step.failed and step.after is not None:
            self.failed.append(step.after)


class StepTaker(Protocol):
    """Carries out the steps of a retry."""

    async def step(self, parked: ParkedStream, limit: int, projection: Projection, writer: BatchWriter) -> RetryStep:
        """See RetrySteps.step."""


class Repairs:
    """Works on what is parked in the store of `writer`; `projections` are those known here, each with its own writer.

    Their names are those of their checkpoints.
    """

    def __init__(
        self,
        projections: Mapping[str, tuple[Projection, BatchWriter]],
        writer: BatchWriter,
        source: EventLog,
        seals: Seals,
        catalogue: Catalogue,
        clock: Clock = utc_now,
        steps: StepTaker | None = None,
    ) -> None:
        self.parked: Parked = writer.parked
        self._writer = writer
        self._projections = projections
        self._source = source
        self._reader = EventReader(seals, catalogue)
        self._steps = steps or RetrySteps(source, seals, catalogue, clock)
        self._clock = clock

    def knows(self, projection: str) -> bool:
        """Whether a projection of this name is known here."""
        return projection in self._projections

    async def stream(self, projection: str, stream: str) -> ParkedStream:
        """One parked stream. Raises NotFound, Unavailable."""
        if (parked := await self.parked.get(projection, stream)) is None:
            raise NotFound(f"{stream} is not parked for {projection}.", code="not_parked")
        return parked

    async def events(self, parked: ParkedStream, after_version: int, limit: int) -> list[RecordedEvent]:
        """The events that wait, as the log has them, those beyond a version. Raises Unavailable."""
        return await waiting(self._source, parked, max(parked.version - 1, after_version), limit)

    async def explain(self, parked: ParkedStream) -> str | None:
        """What the projection's code of today says of the event that comes next; None when it takes it.

        It is not kept anywhere, for it may hold personal data. Raises Unavailable.
        """
        if parked.projection not in self._projections:
            return f"there is no projection {parked.projection} here"
        projection, _ = self._projections[parked.projection]
        events = await self.events(parked, 0, 1)
        readable, _ = await self._reader.read(events)
        for event in events:
            decoded, opened = readable[event.position]
            try:
                if isinstance(decoded, Exception):
                    raise decoded
                projection.changes(decoded, opened)
            except (Unavailable, MemoryError):
                raise
            except Exception as error:
                return f"{type(error).__name__}: {error}"
        return None

    async def plan(self, projection: str | None, stream: str | None, limit: int) -> Plan:
        """What `retry` would do. Raises as `retry` does."""
        if stream is None:
            totals = await self.parked.totals(projection)
        streams: list[ParkedStream] = []
        room = limit
        async for parked in self._candidates(projection, stream):
            if room <= 0:
                break
            streams.append(parked)
            room -= parked.events
        if stream is not None:
            totals = len(streams), sum(parked.events for parked in streams)
        return Plan(streams, limit - max(0, room), *totals)

    async def retry(self, projection: str | None, stream: str | None, limit: int) -> AsyncGenerator[RetryStep]:
        """Try at most `limit` events, those first that were tried longest ago; it rests as long as it works.

        A stream is left where an event fails, with the new reason; the others go on.

        Raises:
            NotFound: this stream is not parked, or the projection is not known here.
            RuleViolation: `projection_outdated`: another version of the projection wrote what is in service.
            Unavailable: a store is away; every step given before stands.
        """
        now = asyncio.get_running_loop().time
        async for candidate in self._candidates(projection, stream):
            parked: ParkedStream | None = candidate
            looks = 0
            while parked is not None and limit > 0 and looks < _LOOKS:
                began = now()
                try:
                    step = await self._steps.step(parked, limit, *self._in_service(parked.projection))
                except CheckpointMoved:  # ParkedMoved, or another generation was put into service
                    looks += 1
                    await self._writer.checkpoints()
                    parked = await self.parked.get(parked.projection, parked.stream)
                    continue
                limit -= step.applied + step.failed
                rest = min(now() - began, _LONGEST_REST)
                yield step
                parked = None if step.failed else step.after
                await asyncio.sleep(rest)
            if limit <= 0:
                return

    async def skip(self, projection: str, stream: str, version: int, by: str, why: str) -> ParkedStream | None:
        """Never apply the event that a stream waits for; what of the stream waits then, None when nothing does.

        Raises:
            NotFound: the stream is not parked.
            RuleViolation: `not_first`: it does not wait for this version.
            Unavailable: a store is away.
        """
        for _ in range(_LOOKS):
            parked = await self.stream(projection, stream)
            if parked.version != version:
                raise RuleViolation(f"{stream} waits for version {parked.version}, not {version}.", code="not_first")
            now = self._clock()
            reason = (parked.reason, parked.attempts, parked.parked_at)
            skipped = Skipped(projection, stream, parked.log, version, parked.position, *reason, now, by, why)
            following = await self.events(parked, version, 1)
            if not following and parked.events > 1:
                raise Unavailable(f"{parked.log} lacks events of {stream} that are parked")
            after = moved(parked, following[0], now) if following else None
            try:
                await self._writer.commit(Batch(parking=[Resume(parked, after), skipped]))
            except CheckpointMoved:
                await self._writer.checkpoints()
                continue
            return after
        raise Unavailable(f"{stream} is being retried just now")

    def _writes(self, projection: str) -> bool:
        """Whether the code here wrote what is in service: no other may."""
        entry = self._projections.get(projection)
        return entry is not None and self._writer.generation(projection).version == entry[0].version

    def _in_service(self, projection: str) -> tuple[Projection, BatchWriter]:
        if (entry := self._projections.get(projection)) is None:
            raise NotFound(f"There is no projection {projection} here.", code="no_such_projection")
        if not self._writes(projection):
            raise RuleViolation(f"Another version of {projection} is in service.", code="projection_outdated")
        return entry

    async def _candidates(self, projection: str | None, stream: str | None) -> AsyncIterator[ParkedStream]:
        """What is to be tried, each stream once, in pages; what no projection here is known for is left out."""
        await self._writer.checkpoints()  # they tell which generations are in service
        if projection is not None:
            self._in_service(projection)
        if stream is not None:
            names = [name for name in self._projections if self._writes(name) and projection in (None, name)]
            streams = [parked for name in names if (parked := await self.parked.get(name, stream))]
            if not streams:
                raise NotFound(f"{stream} is not parked.", code="not_parked")
            for parked in streams:
                yield parked
            return
        began, after = self._clock(), None
        while page := await self.parked.longest_untried(projection, began, after, _PAGE):
            for parked in page:
                if self._writes(parked.projection):
                    yield parked
            after = (page[-1].tried_at, page[-1].id)
