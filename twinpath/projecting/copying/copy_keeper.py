"""Brings the Redis copy of views along, without ever holding up or failing a projection.

After each commit the changed documents are read back and written together with the log's position in the copy, which
moves only from where the commit began, or from beyond that; commits that wait go as one. Whatever goes wrong (Redis
away, this process killed between the two writes, another replica's zombie) shows as a position that lags behind the
checkpoint, and once a second what lies between is made good from the log. A position that is missing means that the
copy was emptied: then it is adopted as it is, since a document that is absent is simply read from MongoDB, and all
documents are filled in behind. A live write always wins over a fill, because a fill adds only what is absent or older:
an earlier one may have brought a document of a log that is adopted only later. Whether all is filled is known in the
copy alone, so that no fill is forgotten that fails or whose process is killed: what empties the copy takes that with
it, and so does adopting a log.
What was parked and applied later does not show in any position: the store keeps a record of it until it is copied.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import structlog

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import RecordedEvent
from twinpath.domain.projection import Projection
from twinpath.domain.views import BY_ID, NEWEST_FIRST, NOTHING, Cached, ChangeWhere, Document, Place, View, ViewChange
from twinpath.errors import Unavailable
from twinpath.ids import uuid7
from twinpath.log.interface import EventLog
from twinpath.observability.told_exceptions import message_of
from twinpath.projecting.applying.applier import Applied
from twinpath.projecting.copying.steps import Step, Steps, step_of
from twinpath.views.interface import Checkpoints, ViewCache, ViewWriter
from twinpath.views.naming import generation_name

_LOOK_SECONDS = 1.0
_GAP_EVENTS = 2_000
_PAGE = 500
"""Documents, in one read and in one write."""

_log = structlog.get_logger(__name__)


class CacheSync:
    """Feeds the copy of every view that is kept in the cache."""

    def __init__(
        self,
        projections: Iterable[Projection],
        source: EventLog,
        writer: ViewWriter,
        cache: ViewCache,
        catalogue: Catalogue,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._followed = [(p, view) for p in projections for view in p.views if view.copy]
        self._source = source
        self._writer = writer
        self._cache = cache
        self._catalogue = catalogue
        self._look_seconds = look_seconds
        self._steps = Steps()
        self._lagging: dict[tuple[str, str], int] = {}
        self._fills: dict[str, asyncio.Task[None]] = {}
        self._tokens: dict[str, str] = {}
        """View -> that of its last fill."""
        self._tasks: list[asyncio.Task[None]] = []
        self._writing = asyncio.Lock()
        self.trouble: str | None = None
        """Why the copy can't be kept just now, or None."""

    async def start(self) -> None:
        """Begin to write what is applied, and to look for what was missed."""
        self._tasks = [asyncio.create_task(self._write_applied()), asyncio.create_task(self._look_for_gaps())]

    async def stop(self) -> None:
        """Write what waits, if that goes quickly, and end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._steps.flushed()
        tasks = [*self._tasks, *self._fills.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def applied(self, applied: Applied) -> None:
        """Take note of a transaction; never blocks. What does not fit is made good from the log."""
        moves = {move.projection: move for move in applied.moves}
        for projection, view in self._followed:
            if (move := moves.get(projection.name)) is not None:
                self._steps.add(step_of(view, applied.log, move.expected, move.position, applied.changes))

    async def flushed(self) -> None:
        """Wait until everything noted has been written or given up."""
        await self._steps.flushed()

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
            try:
                if self.trouble is None:
                    async with self._writing:
                        await self._write(steps)
            except Exception as error:
                self._note(error)
            finally:
                self._steps.done()

    async def _write(self, steps: Sequence[Step]) -> None:
        """Steps of one view; what several need is read at once."""
        copy = self._copy_of(steps[0].view)
        together = [document_id for step in steps for document_id in step.ids] if len(steps) > 1 else []
        found = await self._documents(steps[0].view, together)
        for step in steps:
            if not await self._bring(step, copy, step.expected, found):
                copied = (await self._cache.positions(copy)).get(step.log, 0)
                if step.expected < copied < step.position:  # a part of it was made good
                    await self._bring(step, copy, copied, found)

    async def _bring(self, step: Step, copy: str, copied: int, found: Mapping[str, Document] = NOTHING) -> bool:
        """Copy what a step names, of which some may be `found` already; False where the copy is not at `copied`.

        The copy's position moves with the last part.
        """
        ids = step.ids.copy()
        for change in step.met:
            ids |= dict.fromkeys(await self._met_by(change))
        parts = [list(ids)[start : start + _PAGE] for start in range(0, len(ids), _PAGE)] or [[]]
        for part in parts:
            documents = found or await self._documents(step.view, part)
            rendered = _rendered(step.view, [documents[each] for each in part if each in documents])
            removed = sorted({*part} - {one.id for one in rendered})
            reached = step.position if part is parts[-1] else copied
            if not await self._cache.write(copy, step.log, copied, reached, rendered, removed):
                return False
        return True

    async def _documents(self, view: View, ids: Sequence[str]) -> dict[str, Document]:
        """Those that exist, by id."""
        return {document["_id"]: document for document in await self._writer.documents(view.name, ids)} if ids else {}

    def _copy_of(self, view: View) -> str:
        """Each generation has a copy of its own; ask before documents are read, or old ones get into the new one's."""
        return generation_name(view.name, self._writer.generation(view.name).number)

    async def _met_by(self, change: ChangeWhere) -> list[str]:
        """Ids of the documents that a change met; it must not set what it asks for."""
        ids: list[str] = []
        after: Place | None = None
        while documents := await self._writer.page(change.view, change.where, after, _PAGE):
            ids += [document["_id"] for document in documents]
            after = BY_ID.place_of(documents[-1])
        return ids

    async def _look_for_gaps(self) -> None:
        while True:
            try:
                checkpoints = await self._writer.checkpoints()
                for projection, view in self._followed:
                    await self._sync(projection, view, checkpoints)
                await self._copy_late()
                self._note(None)
            except Exception as error:
                self._note(error)
            await asyncio.sleep(self._look_seconds)

    async def _sync(self, projection: Projection, view: View, checkpoints: Checkpoints) -> None:
        copy = self._copy_of(view)
        positions = await self._cache.positions(copy)
        for (name, log), checkpoint in checkpoints.items():
            if name != projection.name or checkpoint == 0:
                continue
            copied = positions.get(log)
            if copied is None:
                await self._cache.adopt(copy, log, checkpoint)
            elif copied < checkpoint and self._lagging.get((view.name, log)) == copied:
                await self._make_good(projection, view, log)
            self._lagging[view.name, log] = -1 if copied is None else copied
        if view.name not in self._fills and await self._cache.fill_state(copy) in (None, self._tokens.get(view.name)):
            self._fills[view.name] = asyncio.create_task(self._fill(view), name=f"fill {view.name}")

    async def _make_good(self, projection: Projection, view: View, log: str) -> None:
        """Bring the documents that the events in between touch; the pure methods tell which."""
        while True:
            async with self._writing:  # what is applied meanwhile waits, and leads on from here
                copy = self._copy_of(view)
                copied = (await self._cache.positions(copy)).get(log)
                checkpoint = (await self._writer.checkpoints()).get((projection.name, log), 0)
                if copied is None or copied >= checkpoint or self._steps.go_on(view, log, copied):
                    return
                events = await self._source.read_log(log, copied, min(_GAP_EVENTS, checkpoint - copied))
                if not events:
                    return
                _log.info("cache_makes_good", view=view.name, log=log, after=copied, upto=events[-1].position)
                changes = self._changes(projection, events)
                if not await self._bring(step_of(view, log, copied, events[-1].position, changes), copy, copied):
                    return  # somebody else was first: the next look tells

    def _changes(self, projection: Projection, events: Iterable[RecordedEvent]) -> list[ViewChange]:
        """What the events touch; nothing of a poison event is in a view."""
        changes: list[ViewChange] = []
        for event in events:
            with suppress(Exception):
                changes += projection.changes(self._catalogue.decode(event), event)
        return changes

    async def _copy_late(self) -> None:
        """Bring what was applied after it had been parked; what loses against live writes waits for the next look."""
        done = []
        for late in await self._writer.parked.late_copies(_PAGE):
            events = await self._source.read_stream(late.log, late.stream, late.first - 1, late.last - late.first + 1)
            followed = [(projection, view) for projection, view in self._followed if projection.name == late.projection]
            brought = [await self._bring_late(view, late.log, self._changes(of, events)) for of, view in followed]
            done += [late.id] if all(brought) else []
        if done:
            await self._writer.parked.copied(done)

    async def _bring_late(self, view: View, log: str, changes: Iterable[ViewChange]) -> bool:
        async with self._writing:
            copy = self._copy_of(view)
            copied = (await self._cache.positions(copy)).get(log)
            # a copy that was emptied is filled from what is in the view by now
            return copied is None or await self._bring(step_of(view, log, copied, copied, changes), copy, copied)

    async def _fill(self, view: View) -> None:
        token, copy = uuid7(), self._copy_of(view)
        self._tokens[view.name] = token
        try:
            await self._cache.begin_fill(copy, token)
            newest = await self._writer.page(view.name, {}, None, 1, NEWEST_FIRST)  # what comes later is written live
            after: Place | None = None
            copied = 0
            last = False
            while not last:
                documents = await self._writer.page(view.name, {}, after, _PAGE)
                after = BY_ID.place_of(documents[-1]) if documents else None
                last = not newest or after is None or after >= BY_ID.place_of(newest[0])
                if not await self._cache.fill(copy, token, _rendered(view, documents), last):
                    return  # emptied again, or a log was adopted: the next look begins anew
                copied += len(documents)
            _log.info("cache_filled", view=view.name, documents=copied)
        except Exception as error:
            self._note(error)
        finally:
            del self._fills[view.name]

    def _note(self, error: Exception | None) -> None:
        """Whatever it was, what it kept from the copy is made good once that can be."""
        before, self.trouble = self.trouble, None
        if isinstance(error, Unavailable):
            self.trouble = error.detail
        elif error is not None:
            self.trouble = message_of(error)
        if self.trouble and not before:
            _log.warning("cache_away", error=self.trouble, exc_info=None if isinstance(error, Unavailable) else error)
        elif before and not self.trouble:
            _log.info("cache_back")


def _rendered(view: View, documents: Iterable[Document]) -> list[Cached]:
    """Ready to send, less what can't be rendered: a query for such a document reads the view, and alone fails."""
    rendered: list[Cached] = []
    for document in documents:
        try:
            rendered.append(view.rendered(document))
        except Exception as error:
            _log.error("can_not_be_rendered", view=view.name, id=document["_id"], error=type(error).__name__)
    return rendered
