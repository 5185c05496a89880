"""Views in this process's memory: for `make demo` and for tests; the same promises as MongoDB's, less durability."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from functools import partial
from operator import gt, lt
from typing import Any

from twinpath.domain.views import BY_ID, NOTHING, ChangeWhere, Document, Order, Place, Range, Remove, View, ViewChange
from twinpath.errors import CheckpointMoved, Unavailable
from twinpath.views.collation import sort_key
from twinpath.views.in_memory.parking import InMemoryParked
from twinpath.views.in_memory.watch import Watchers
from twinpath.views.interface import NEW, Batch, Checkpoints, DocumentChange, Fields, ViewWriter, either
from twinpath.views.merging import Operation, merged
from twinpath.views.naming import FIRST_GENERATION, Generation, generation_name
from twinpath.views.paths import added, appended, changed, fits, has_elements, stored, within
from twinpath.views.writes import Write

_WATCH_SECONDS = 1.0
"""Between two answers of a watch of checkpoints."""

_Documents = dict[tuple[str, str], Document | None]
"""(view, id) -> document, or None for one that is removed."""


class InMemoryViewStore(ViewWriter):
    """ViewWriter and ViewReader in one. Nothing awaits inside a commit, so the event loop makes it atomic.

    A document that is kept is never mutated: a change makes a new one, and what is given out is a copy.
    """

    def __init__(self) -> None:
        self._views: dict[str, dict[str, Document]] = {}
        self._checkpoints: Checkpoints = {}
        self.parked = InMemoryParked()
        self._generations: dict[str, Generation] = {}
        self._versions: dict[str, int] = {}
        self._erasures: dict[str, dict[str, int]] = {}
        self._opened: dict[tuple[str, str], Collection[str]] = {}
        self._moves: Watchers[tuple[str, str], int] = Watchers(lambda _, later: later)
        self._changes: Watchers[tuple[str, str], Fields] = Watchers(either)

    def generation(self, projection: str) -> Generation:
        return self._generations.get(projection, FIRST_GENERATION)

    def erasures(self, projection: str) -> Mapping[str, int]:
        return self._erasures.get(projection, NOTHING)

    async def prepare(
        self,
        views: Iterable[View] = (),
        checkpoints: Iterable[tuple[str, str]] = (),
        versions: Mapping[str, int] = NOTHING,
    ) -> None:
        checkpoints = list(checkpoints)
        self._versions |= versions
        for projection in {projection for projection, _ in checkpoints} & versions.keys():
            self._generations.setdefault(projection, Generation(1, versions[projection]))
        missing = {checkpoint: 0 for checkpoint in checkpoints if checkpoint not in self._checkpoints}
        self._checkpoints |= missing
        self._moves.tell(missing)

    async def checkpoints(self) -> Checkpoints:
        return dict(self._checkpoints)

    async def opened(self, log: str, projections: Collection[str]) -> Mapping[str, Collection[str]]:
        return {name: owners for name in projections if (owners := self._opened.get((name, log)))}

    async def commit(self, batch: Batch) -> None:
        for move in batch.moves:
            if self._checkpoints.get((move.projection, move.log)) != move.expected:
                raise CheckpointMoved(f"another consumer moved the checkpoint of {move.projection} in {move.log}")
            in_service = self.generation(move.projection).version
            if self._versions.get(move.projection, in_service) != in_service:
                raise CheckpointMoved(f"version {in_service} of {move.projection} is in service")
        if batch.kept is not None:
            name = batch.kept.projection
            batch.kept.expect(self.generation(name).number, self.erasures(name))
        staged = self.parked.staged(batch.parking)
        self._change(batch.changes)
        self.parked.take(staged, batch.parking)
        for move in batch.moves:
            if move.erased:
                self._erasures.setdefault(move.projection, {})[move.log] = move.erased
            self._opened[move.projection, move.log] = move.opened
        self._move({(move.projection, move.log): move.position for move in batch.moves})

    def _change(self, changes: Sequence[ViewChange]) -> None:
        batch: _Documents = {}
        for view, operations in merged(changes).items():
            for operation in operations:
                for document_id in self._targets(view, operation, batch):
                    key = (view, document_id)
                    before = batch[key] if key in batch else self._of(view).get(document_id)
                    batch[key] = _applied(operation, document_id, before)
        changed_fields = {key: _changed_fields(self._of(key[0]).get(key[1]), after) for key, after in batch.items()}
        for (view, document_id), document in batch.items():
            if document is None:
                self._of(view).pop(document_id, None)
            else:
                self._of(view)[document_id] = document
        self._changes.tell(changed_fields)

    def _move(self, moved: Checkpoints) -> None:
        self._checkpoints |= moved
        self._moves.tell(moved)

    async def get(self, view: str, document_id: str) -> Document | None:
        document: Document | None = stored(self._of(view).get(document_id))
        return document

    async def documents(self, view: str, ids: Sequence[str]) -> list[Document]:
        of_view = self._of(view)
        return [stored(of_view[document_id]) for document_id in dict.fromkeys(ids) if document_id in of_view]

    async def page(
        self,
        view: str,
        where: Mapping[str, Any],
        after: Place | None,
        limit: int,
        order: Order = BY_ID,
        ranges: Mapping[str, Range] = NOTHING,
    ) -> list[Document]:
        documents = [
            document for document in self._of(view).values() if _fits(document, where) and within(document, ranges)
        ]
        sorts_as = _sorts_as_people_expect if order.collated else _sorts_as
        places = sorted((order.place_of(document) for document in documents), key=sorts_as, reverse=order.descending)
        if after is not None:
            last = sorts_as(after)
            beyond = lt if order.descending else gt
            places = [place for place in places if beyond(sorts_as(place), last)]
        return await self.documents(view, [document_id for _, document_id in places[: max(0, limit)]])

    async def watch_checkpoints(self) -> AsyncIterator[Checkpoints]:
        with self._moves.watch() as watch:
            yield dict(self._checkpoints)
            while True:
                yield await watch.next(_WATCH_SECONDS)

    async def watch_documents(self, views: Sequence[str]) -> AsyncIterator[DocumentChange]:
        in_service = {view: self.generation(view).number for view in views}
        with self._changes.watch() as watch:
            while True:
                news = await watch.next()
                if in_service != {view: self.generation(view).number for view in views}:
                    raise Unavailable("another generation of a view is in service: it is to be read anew")
                for (view, document_id), fields in news.items():
                    if view in views:
                        yield DocumentChange(view, document_id, fields)

    def _of(self, view: str) -> dict[str, Document]:
        return self._views.setdefault(generation_name(view, self.generation(view).number), {})

    def _targets(self, view: str, operation: Operation, batch: _Documents) -> list[str]:
        """Ids of the documents that an operation meets, as the batch has left them so far."""
        if not isinstance(operation, ChangeWhere):
            return [operation.id]
        in_batch = {document_id: document for (target, document_id), document in batch.items() if target == view}
        every: dict[str, Document | None] = {**self._of(view), **in_batch}
        return [key for key, document in every.items() if document is not None and _is_met(document, operation)]


def _is_met(document: Document, change: ChangeWhere) -> bool:
    return _fits(document, change.where) and (change.list is None or has_elements(document, change.list))


def _fits(document: Document, where: Mapping[str, Any]) -> bool:
    return all(fits(document, path, value) for path, value in where.items())


def _sorts_as(place: Place) -> Any:
    value, document_id = place
    return (False, document_id) if value is None else (True, value, document_id)  # null comes first


def _sorts_as_people_expect(place: Place) -> Any:
    value, document_id = place
    return _sorts_as((sort_key(value) if isinstance(value, str) else value, document_id))


def _changed_fields(before: Document | None, after: Document | None) -> Fields:
    if before is None:
        return NEW
    return None if after is None else frozenset(name for name in after if before.get(name) != after[name])


def _applied(operation: Operation, document_id: str, document: Document | None) -> Document | None:
    """The document after the operation; None is one that does not exist."""
    if isinstance(operation, Remove):
        return None
    if document is None:
        if not (isinstance(operation, Write) and operation.create):
            raise KeyError(f"a change of {operation.view} names a document that does not exist: {document_id}")
        document = {"_id": document_id, "revision": 0}
    document = {**document, "revision": document["revision"] + 1}
    for path, value in operation.set.items():
        document = changed(document, path, partial(_instead, value=stored(value)))
    if isinstance(operation, Write):
        for path, amount in operation.increment.items():
            document = changed(document, path, partial(added, amount=amount))
        for path, tail in operation.append.items():
            document = changed(document, path, partial(appended, values=stored(tail.values), keep=tail.keep))
    return document


def _instead(_old: Any, value: Any) -> Any:
    return value
