"""Turns events into changes and commits them with the checkpoints; parks the streams of those that can't be applied."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from twinpath.clock import utc_now
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import ViewChange
from twinpath.errors import CheckpointMoved, TwinpathError
from twinpath.log.verification import erases
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.applying.erasing import late_wipes, wipes_of
from twinpath.projecting.applying.reading import EventReader, Readable
from twinpath.projecting.parking.setting_aside import SetAside, changes_of, undisturbed
from twinpath.views.interface import Batch, BatchWriter, CheckpointMove
from twinpath.views.parking import ParkedCounts


@dataclass(frozen=True, slots=True)
class Applied:
    """What one transaction did to one log's projections."""

    log: str
    changes: Sequence[ViewChange]
    moves: Sequence[CheckpointMove]


class Applier:
    """Applies events of one log, exactly once a projection: a commit names the checkpoint that it starts from.

    Which streams are parked is asked of the store, for each batch of a projection that has any. Whether it has any is
    read after its checkpoint: who parks another one moves that checkpoint, and then the next commit here is refused.
    """

    def __init__(
        self,
        log: str,
        writer: BatchWriter,
        catalogue: Catalogue,
        seals: Seals,
        on_applied: Callable[[Applied], None],
    ) -> None:
        self._log = log
        self._writer = writer
        self._catalogue = catalogue
        self._seals = seals
        self._reader = EventReader(seals, catalogue)
        self._on_applied = on_applied
        self.positions: dict[str, int] = {}
        """Projection -> its checkpoint as far as known here; one that is in doubt is missing."""
        self._parking: set[str] = set()
        """The projections that may have parked streams in this log."""
        self._checked: dict[str, int] = {}
        """Projection -> the position of the commit whose owners of personal data are known not to be erased since their
        data were opened, or whose data are wiped."""

    async def load(self, projections: Sequence[Projection]) -> None:
        """Read those checkpoints that are not known, and wipe what the last commits showed of owners that were erased
        just then, unless that was done here: whoever made them may have died in between. Raises Unavailable."""
        unknown = [projection.name for projection in projections if projection.name not in self.positions]
        if unknown:
            checkpoints = await self._writer.checkpoints()
            parked = await self._writer.parked.counts()
            self.learn({name: checkpoints.get((name, self._log), 0) for name in unknown}, parked)
        unchecked = {p.name: p for p in projections if self._checked.get(p.name) != self.positions[p.name]}
        if unchecked:
            positions = {name: self.positions[name] for name in unchecked}
            for name, owners in (await self._writer.opened(self._log, unchecked)).items():
                if self.writes(unchecked[name]):
                    last = RecordedEvent("", 1, {}, "", 0, self._log, positions[name], utc_now(), "", "")
                    await self._wipe_erased([unchecked[name]], frozenset(owners), last)
            self._checked |= positions

    def learn(self, checkpoints: Mapping[str, int], parked: ParkedCounts) -> None:
        """Take over checkpoints of this log as stored, and what is parked, which must have been read after them."""
        for name, position in checkpoints.items():
            self.positions[name] = position
            (self._parking.add if parked.get((name, self._log)) else self._parking.discard)(name)

    def writes(self, projection: Projection) -> bool:
        """Whether the generation in service is of this projection's version: no other may it write to."""
        return self._writer.generation(projection.name).version == projection.version

    async def apply(
        self,
        projections: Sequence[Projection],
        events: Sequence[RecordedEvent],
        leave: Callable[[Projection, int], None] | None = None,
        refusal: Exception | None = None,
    ) -> None:
        """Commit consecutive events for each projection, less what it has already; a poison event is parked.

        When another consumer moved a checkpoint, what it knows now is read and nothing applied: look again.
        When the store refuses what is in a commit, which does not say whose fault it is, the projections commit one by
        one, and the one at fault in halves, until a single event is found: it is parked for this `refusal`. That takes
        many transactions; with `leave` it is told which projection to leave behind instead, and up to where.

        Raises:
            Unavailable: the store is away. The commit may stand, so the checkpoints count as unknown.
        """
        try:
            await self._commit(projections, events, refusal)
        except CheckpointMoved:
            self.forget(projections)
            await self.load(projections)
        except (TwinpathError, MemoryError):  # nothing that the events are to blame for
            self.forget(projections)
            raise
        except Exception as error:
            if len(projections) > 1:
                for projection in projections:
                    await self.apply([projection], events, leave)
            elif leave is not None:
                leave(projections[0], events[-1].position)
            elif len(events) > 1:
                middle = len(events) // 2
                await self.apply(projections, events[:middle])
                await self.apply(projections, events[middle:])
            elif refusal is None:
                await self.apply(projections, events, refusal=error)
            else:
                raise

    async def _commit(
        self, projections: Sequence[Projection], events: Sequence[RecordedEvent], refusal: Exception | None
    ) -> None:
        fresh = {projection: self._fresh(projection, events) for projection in projections}
        asides = await self._asides([projection for projection in projections if fresh[projection]], events)
        if not asides:
            return
        readable, owners = await self._readable(asides, events, refusal)
        changes: list[ViewChange] = []
        for aside in asides:
            events_of = fresh[aside.projection]
            at_once = None if refusal else undisturbed(aside, events_of, readable)
            changes += self._one_by_one(aside, events_of, readable, refusal) if at_once is None else at_once
        await self._write(changes, asides, events, owners)
        await self._wipe_erased(projections, owners, events[-1])
        self._checked |= {aside.projection.name: events[-1].position for aside in asides}

    def _one_by_one(
        self, aside: SetAside, events: Sequence[RecordedEvent], readable: Readable, refusal: Exception | None
    ) -> list[ViewChange]:
        changes: list[ViewChange] = []
        for event in events:
            if not aside.takes(event):
                changes += changes_of(aside, event, *readable[event.position])
            elif refusal is None:
                changes += wipes_of(aside.projection, event, self._catalogue)
        return changes

    def _fresh(self, projection: Projection, events: Sequence[RecordedEvent]) -> Sequence[RecordedEvent]:
        """What comes next for a projection; nothing where it has all, or was set back: the caller looks again."""
        at = self.positions[projection.name]
        fresh = events[max(0, at + 1 - events[0].position) :]
        return fresh if fresh and fresh[0].position == at + 1 else ()

    async def _asides(self, projections: Sequence[Projection], events: Sequence[RecordedEvent]) -> list[SetAside]:
        held: set[tuple[str, str]] = set()
        if parking := self._parking.intersection(projection.name for projection in projections):
            held = await self._writer.parked.among(parking, {event.stream for event in events})
        parked = {name: {stream for owner, stream in held if owner == name} for name in parking}
        return [SetAside(projection, parked.get(projection.name, set())) for projection in projections]

    async def _readable(
        self, asides: Sequence[SetAside], events: Sequence[RecordedEvent], refusal: Exception | None
    ) -> tuple[Readable, frozenset[str]]:
        """What the projections need to read; what is left aside is not opened."""
        if refusal is not None:
            return {event.position: (refusal, event) for event in events}, frozenset()
        needed = [event for event in events if not all(aside.holds(event.stream) for aside in asides)]
        return await self._reader.read(needed) if needed else ({}, frozenset())

    async def _write(
        self,
        changes: Sequence[ViewChange],
        asides: Sequence[SetAside],
        events: Sequence[RecordedEvent],
        owners: frozenset[str],
    ) -> None:
        names = [aside.projection.name for aside in asides]
        position = events[-1].position
        erased = max((event.position for event in events if erases(event, self._catalogue)), default=0)
        moves = [CheckpointMove(name, self._log, self.positions[name], position, erased, owners) for name in names]
        await self._writer.commit(Batch(changes, moves, [change for aside in asides for change in aside.changes]))
        self.positions.update(dict.fromkeys(names, position))
        self._parking.update(aside.projection.name for aside in asides if aside.parked)
        self._on_applied(Applied(self._log, changes, moves))
        for aside in asides:
            aside.log_parked()

    async def _wipe_erased(
        self, projections: Sequence[Projection], owners: frozenset[str], last: RecordedEvent
    ) -> None:
        """Raises Unavailable; then the next `load` tries again, since the checkpoints say whose data were opened."""
        if wipes := await late_wipes(self._seals, self._catalogue, projections, owners, last):
            await self._writer.commit(Batch(wipes))
            here = [
                CheckpointMove(projection.name, self._log, last.position, last.position) for projection in projections
            ]
            self._on_applied(Applied(self._log, wipes, here))

    def forget(self, projections: Sequence[Projection]) -> None:
        """Their checkpoints are in doubt: the next `load` reads them."""
        for projection in projections:
            self.positions.pop(projection.name, None)
