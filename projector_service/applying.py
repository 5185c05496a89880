"""Turns events into changes and commits them with the checkpoints; finds the event that can't be applied."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from projector_service.projection import Projection
from shared.errors import CheckpointMoved, TwinpathError, Unavailable
from shared.events.catalogue import Catalogue
from shared.events.customer import CustomerErased
from shared.events.recorded import RecordedEvent
from shared.personal_data.sealing import Seals
from shared.view_store.interface import BatchWriter, ChangeWhere, CheckpointMove, ViewChange


class Poison(TwinpathError):
    """One projection can't apply one event, however often it is tried with this code."""

    code = "poison"

    def __init__(self, projection: str, event: RecordedEvent, cause: Exception) -> None:
        super().__init__(
            f"{projection} can't apply {event.type} {event.id}: {cause!r}",
            projection=projection,
            stream=event.stream,
            log=event.log,
            position=event.position,
            error=repr(cause),
        )


@dataclass(frozen=True, slots=True)
class Applied:
    """What one transaction did to one log's projections."""

    log: str
    changes: Sequence[ViewChange]
    moves: Sequence[CheckpointMove]


class Applier:
    """Applies events of one log, exactly once a projection: a commit names the checkpoint that it starts from."""

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
        self._on_applied = on_applied
        self.positions: dict[str, int] = {}
        """Projection -> its checkpoint as far as known here; one that is in doubt is missing."""
        self._unchecked: deque[tuple[Sequence[Projection], frozenset[str], RecordedEvent]] = deque()
        """Commits whose customers may have been erased after their data were opened."""

    async def load(self, projections: Sequence[Projection]) -> None:
        """Read those checkpoints that are not known, and wipe what could not be wiped before. Raises Unavailable."""
        await self._wipe_erased()
        if all(projection.name in self.positions for projection in projections):
            return
        checkpoints = await self._writer.checkpoints()
        for projection in projections:
            self.positions[projection.name] = checkpoints.get((projection.name, self._log), 0)

    async def apply(self, projections: Sequence[Projection], events: Sequence[RecordedEvent]) -> None:
        """Commit consecutive events for each projection, less what it has already.

        When another consumer moved a checkpoint, what it knows now is read and nothing applied: look again.
        When something fails that is no matter of waiting, the events are halved until the one is found; all before
        it is committed, and that one too for those projections that can.

        Raises:
            Unavailable: the store is away. The commit may stand, so the checkpoints count as unknown.
            Poison: this event can't be applied; nothing after it was.
        """
        try:
            await self._commit(projections, events)
        except CheckpointMoved:
            self._forget(projections)
            await self.load(projections)
        except Unavailable:
            self._forget(projections)
            raise
        except Exception as error:
            if len(events) > 1:
                middle = len(events) // 2
                await self.apply(projections, events[:middle])
                await self.apply(projections, events[middle:])
            elif len(projections) > 1:
                await self._apply_apart(projections, events)
            else:
                raise Poison(projections[0].name, events[0], error) from error

    async def _apply_apart(self, projections: Sequence[Projection], events: Sequence[RecordedEvent]) -> None:
        poison: Poison | None = None
        for projection in projections:
            try:
                await self.apply([projection], events)
            except Poison as found:
                poison = poison or found
        if poison:
            raise poison

    async def _commit(self, projections: Sequence[Projection], events: Sequence[RecordedEvent]) -> None:
        opened, owners = await self._seals.open_of(events)
        decoded = [(self._catalogue.decode(recorded), recorded) for recorded in opened]
        changes: list[ViewChange] = []
        moves: list[CheckpointMove] = []
        for projection in projections:
            at = self.positions[projection.name]
            fresh = decoded[max(0, at + 1 - events[0].position) :]
            if not fresh or fresh[0][1].position != at + 1:
                continue  # has them already, or was set back meanwhile: the caller looks again
            for event, recorded in fresh:
                changes += projection.changes(event, recorded)
            moves.append(CheckpointMove(projection.name, self._log, at, events[-1].position))
        if moves:
            try:
                await self._writer.commit(changes, moves)
            finally:  # a commit that fails may stand all the same
                if owners:
                    self._unchecked.append((projections, owners, events[-1]))
            self.positions.update({move.projection: move.position for move in moves})
            self._on_applied(Applied(self._log, changes, moves))
            await self._wipe_erased()

    async def _wipe_erased(self) -> None:
        """Raises Unavailable; then `load` tries again."""
        while self._unchecked:
            projections, owners, last = unchecked = self._unchecked[0]
            for customer_id in await self._seals.erased_since(owners):
                await self._wipe(projections, customer_id, last)
            with suppress(ValueError):  # another task has done it meanwhile
                self._unchecked.remove(unchecked)

    async def _wipe(self, projections: Sequence[Projection], customer_id: str, last: RecordedEvent) -> None:
        """What was opened just before its key was destroyed may have been committed after the erasure was projected."""
        erasure = replace(last, type=CustomerErased.type, stream=customer_id, data={})
        made = [change for projection in projections for change in projection.changes(CustomerErased(), erasure)]
        wipes = [change for change in made if isinstance(change, ChangeWhere)]
        await self._writer.commit(wipes, [])
        at = last.position
        here = [CheckpointMove(projection.name, self._log, at, at) for projection in projections]
        self._on_applied(Applied(self._log, wipes, here))

    def _forget(self, projections: Sequence[Projection]) -> None:
        for projection in projections:
            self.positions.pop(projection.name, None)
