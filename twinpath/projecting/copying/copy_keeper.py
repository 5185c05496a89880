"""Brings a copy of views along, in Redis or a search index, without ever holding up or failing a projection.

After each commit the changed documents are read back and written together with the log's position in the copy, which
moves only from where the commit began, or from beyond that; commits that wait, of whatever logs, go as one. Whatever
goes wrong (the copy's server away, this process killed between the two writes, another replica's zombie) shows as a
position that lags behind the checkpoint, which readers see too, and once a second what lies between is made good from
the log. A position that is missing, or beyond its view's checkpoint, means that the copy was lost, or the views were
set back: all of it is forgotten, the checkpoints are adopted, those of logs without events too, since a document that
is absent is simply read from MongoDB, and all documents are filled in behind. So what merely trails has a position.
What was parked and applied later does not show in any position: the store keeps a record of it until it is copied. What
is wiped after a commit shows in none either: it is tried until it is copied.
A server that answers reads and refuses writes is in trouble all the same: only a write that it takes ends that.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from time import monotonic
from typing import Any

import structlog

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import View
from twinpath.errors import Unavailable
from twinpath.log.interface import EventLog
from twinpath.observability.logged_exceptions import message_of
from twinpath.projecting.applying.applier import Applied
from twinpath.projecting.copying.drift import Drift, Positions
from twinpath.projecting.copying.filling import PAGE, Fills
from twinpath.projecting.copying.kinds import IN_CACHE, Kind
from twinpath.projecting.copying.reading import changes_of, documents_of, met_by, missed
from twinpath.projecting.copying.steps import Step, Steps, step_of
from twinpath.running.retrying import repeated
from twinpath.views.interface import Checkpoints, ViewCopy, ViewWriter
from twinpath.views.naming import generation_name
from twinpath.views.parking import LateCopy

_LOOK_SECONDS = 1.0
_GAP_EVENTS = 2_000

_log = structlog.get_logger(__name__)


class CacheSync:
    """Feeds the copy of every view that is kept in the cache, and so do keepers of other kinds `beside` it."""

    def __init__(
        self,
        projections: Iterable[Projection],
        source: EventLog,
        writer: ViewWriter,
        cache: ViewCopy[Any],
        catalogue: Catalogue,
        look_seconds: float = _LOOK_SECONDS,
        kind: Kind = IN_CACHE,
        beside: Sequence["CacheSync"] = (),
    ) -> None:
        self._kind = kind
        self._beside = beside
        self._followed = [(p, view) for p in projections for view in p.views if kind.takes(view)]
        if odd := [view.name for projection, view in self._followed if view.name != projection.name]:
            raise ValueError(f"a view that is copied has the name of its projection, which these have not: {odd}")
        self._source = source
        self._writer = writer
        self._cache = cache
        self._catalogue = catalogue
        self._look_seconds = look_seconds
        self._steps = Steps()
        self._wipes: list[Step] = []
        """Those that could not be written."""
        self._seen: dict[str, Positions] = {}
        """Copy -> its positions at the last look."""
        self._taking: set[str] = set()
        """The copies that have taken a write since this process began."""
        self._fills = Fills(writer, cache, kind, self._copy_of, self._note)
        self._tasks: list[asyncio.Task[None]] = []
        self._writing = asyncio.Lock()
        self.trouble: str | None = None
        """Why the copy can't be kept just now, or None."""

    @property
    def views(self) -> list[str]:
        """Those that it copies."""
        return [view.name for _, view in self._followed]

    async def start(self) -> None:
        """Begin to write what is applied, and to look for what was missed."""
        for keeper in self._beside:
            await keeper.start()
        looking = repeated(self._look_for_gaps, self._look_seconds, self._note)
        self._tasks = [asyncio.create_task(self._write_applied()), asyncio.create_task(looking)]

    async def stop(self) -> None:
        """Write what waits, if that goes quickly, and end."""
        for keeper in self._beside:
            await keeper.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._steps.flushed()
        tasks = [*self._tasks, *self._fills.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def applied(self, applied: Applied) -> None:
        """Take note of a transaction; never blocks. What does not fit is made good from the log."""
        for keeper in self._beside:
            keeper.applied(applied)
        moves = {move.projection: move for move in applied.moves}
        for projection, view in self._followed:
            if (move := moves.get(projection.name)) is not None:
                erased = move.erased > 0 or move.expected == move.position
                self._steps.add(step_of(view, applied.log, move.expected, move.position, applied.changes, erased))

    async def flushed(self) -> None:
        """Wait until everything noted has been written or given up."""
        await self._steps.flushed()
        for keeper in self._beside:
            await keeper.flushed()

    async def filled(self, view: str, seconds: float) -> bool:
        """Wait, at most so long, until every document of a view is in the copy; False when that was not to be had."""
        with suppress(TimeoutError, Unavailable):
            async with asyncio.timeout(seconds):
                while await self._cache.fill_state(view) != "done":
                    if self.trouble is not None:
                        return False
                    await asyncio.sleep(self._look_seconds / 10)
                return True
        return False

    async def _write_applied(self) -> None:
        while True:
            steps = await self._steps.next()
            began = monotonic()
            try:
                if self.trouble is None:
                    async with self._writing:
                        steps = await self._write(steps)
            except Exception as error:
                self._note(error)
            finally:
                self._wipes += [step for step in steps if step.is_wipe]
                self._steps.done()
            if self._kind.gathers:
                await asyncio.sleep(min(self._kind.gathers, monotonic() - began))

    async def _write(self, steps: Sequence[Step]) -> list[Step]:
        """Steps of one view, each of another log, together where that goes; gives those that were not written."""
        copy = self._copy_of(steps[0].view)
        moving = [step for step in steps if not step.is_wipe]
        if moving and await self._bring(moving, copy, {step.log: step.expected for step in moving}):
            moving = []
        left = [step for step in moving if not await self._bring_rest(step, copy)]
        return left + [step for step in steps if step.is_wipe and not await self._bring_apart(step)]

    async def _bring_rest(self, step: Step, copy: str) -> bool:
        """Of a step a part may have been made good."""
        copied = (await self._cache.positions(copy)).get(step.log, 0)
        return step.expected <= copied < step.position and await self._bring([step], copy, {step.log: copied})

    async def _bring(self, steps: Sequence[Step], copy: str, reached: Positions) -> bool:
        """Copy what steps of one view name, each of another log; False where the copy is not where it should be.

        The copy's positions move with the last part.
        """
        view, erases = steps[0].view, any(step.erases for step in steps)
        if erases:
            await self._cache.expunge(copy)  # before the write, so that no death in between forgets it
        ids = dict.fromkeys(document_id for step in steps for document_id in step.ids)
        for change in (change for step in steps for change in step.met):
            ids |= dict.fromkeys(await met_by(self._writer, change, PAGE))
        parts = [list(ids)[start : start + PAGE] for start in range(0, len(ids), PAGE)] or [[]]
        for part in parts:
            documents = await documents_of(self._writer, view, part)
            ready = self._kind.ready(view, [documents[id_] for id_ in part if id_ in documents])
            removed = sorted({*part} - {document.id for document in ready})
            last = part is parts[-1]
            moves = {s.log: (reached[s.log], s.position if last else reached[s.log]) for s in steps}
            if not await self._cache.write(copy, moves, ready, removed):
                return False
        if erases:
            await self._cache.expunge(copy)
        return True

    def _copy_of(self, view: View) -> str:
        """Each generation has a copy of its own; ask before documents are read, or old ones get into the new one's."""
        return generation_name(view.name, self._writer.generation(view.name).number)

    async def _look_for_gaps(self) -> None:
        try:
            checkpoints = await self._writer.checkpoints()
            for projection, view in self._followed:
                await self._sync(projection, view, checkpoints)
            if self._kind.leads:
                await self._copy_late()
        finally:
            wipes, self._wipes = self._wipes, []
            for wipe in wipes:
                self._steps.add(wipe)

    async def _sync(self, projection: Projection, view: View, checkpoints: Checkpoints) -> None:
        copy = self._copy_of(view)
        in_service = {log: at for (name, log), at in checkpoints.items() if name == projection.name}
        drift = Drift(in_service, await self._cache.positions(copy), self._seen.get(copy))
        self._seen[copy] = drift.positions
        if drift.is_lost:
            await self._begin_anew(copy, drift)
        elif drift.positions:
            await self._expect_writes(copy, drift.positions)
            await self._make_good(projection, view, drift.behind)
        if in_service:  # before its projector begins a view has nothing to fill, and then its copy begins
            await self._fills.expect(view, copy)

    async def _begin_anew(self, copy: str, drift: Drift) -> None:
        """The rest of the old one goes first, so that nothing in the copy is older than what is adopted."""
        async with self._writing:
            if await self._cache.positions(copy) != drift.positions:
                return  # it was written meanwhile: the next look tells
            await self._cache.forget(copy)
            await self._cache.adopt(copy, drift.checkpoints)
        _log.info(f"{self._kind.name}_begins_anew", copy=copy)

    async def _expect_writes(self, copy: str, positions: Positions) -> None:
        """Write nothing new, where it is not known that the copy takes writes."""
        if self.trouble is not None or copy not in self._taking:
            log, at = next(iter(positions.items()))
            if await self._cache.write(copy, {log: (at, at)}, [], []):
                self._taking.add(copy)

    async def _make_good(self, projection: Projection, view: View, logs: Sequence[str]) -> None:
        """Bring the documents that the events in between touch, of these logs together."""
        while logs:
            async with self._writing:  # what is applied meanwhile waits, and leads on from here
                copy = self._copy_of(view)
                reached = await self._cache.positions(copy)
                checkpoints = await self._writer.checkpoints()
                logs = [log for log in logs if log in reached and not self._steps.go_on(view, log, reached[log])]
                spans = [(log, reached[log], checkpoints.get((projection.name, log), 0)) for log in logs]
                steps = await missed(self._source, self._catalogue, projection, view, spans, _GAP_EVENTS)
                for step in steps:
                    about = {"view": view.name, "log": step.log, "after": step.expected, "upto": step.position}
                    _log.info(f"{self._kind.name}_makes_good", **about)
                if not steps or not await self._bring(steps, copy, reached):
                    return  # all is there, or somebody else was first: the next look tells

    async def _copy_late(self) -> None:
        """Bring what was applied after it had been parked; what loses against live writes waits for the next look."""
        done = []
        for late in await self._writer.parked.late_copies(PAGE):
            events = await self._source.read_stream(late.log, late.stream, late.first - 1, late.last - late.first + 1)
            brought = [await keeper.brought_late(late, events) for keeper in (*self._beside, self)]
            done += [late.id] if all(brought) else []
        if done:
            await self._writer.parked.copied(done)

    async def brought_late(self, late: LateCopy, events: Sequence[RecordedEvent]) -> bool:
        """Bring what these events touch, which were applied after they had been parked; whether that went well.

        Raises Unavailable where this keeper leads: the others' trouble is their own.
        """
        followed = [(projection, view) for projection, view in self._followed if projection.name == late.projection]
        steps = [
            step_of(view, late.log, 0, 0, changes_of(projection, events, self._catalogue))
            for projection, view in followed
        ]
        try:
            async with self._writing:
                return all([await self._bring_apart(step) for step in steps])
        except Exception as error:
            if self._kind.leads:
                raise
            self._note(error)
            return False

    async def _bring_apart(self, step: Step) -> bool:
        """Bring what moves no position, from wherever the copy is."""
        copy = self._copy_of(step.view)
        copied = (await self._cache.positions(copy)).get(step.log)
        # a copy that was emptied is filled from what is in the view by now
        return copied is None or await self._bring([replace(step, position=copied)], copy, {step.log: copied})

    def _note(self, error: BaseException | None) -> None:
        """Whatever it was, what it kept from the copy is made good once that can be."""
        before, self.trouble = self.trouble, None
        if isinstance(error, Unavailable):
            self.trouble = error.detail
        elif error is not None:
            self.trouble = message_of(error)
        if self.trouble and not before:
            fault = None if isinstance(error, Unavailable) else error
            _log.warning(f"{self._kind.name}_away", error=self.trouble, exc_info=fault)
        elif before and not self.trouble:
            _log.info(f"{self._kind.name}_back")
