"""Views in this process's memory: for `make demo` and for tests; the same promises as MongoDB's, less durability."""

import asyncio
import copy
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from shared.errors import CheckpointMoved
from shared.view_store.interface import (
    ChangeWhere,
    CheckpointMove,
    Checkpoints,
    Document,
    Remove,
    View,
    ViewChange,
)
from shared.view_store.merging import Operation, Write, kept, merged


class InMemoryViewStore:
    """ViewWriter and ViewReader in one. Nothing awaits inside a commit, so the event loop makes it atomic."""

    def __init__(self) -> None:
        self._views: defaultdict[str, dict[str, Document]] = defaultdict(dict)
        self._checkpoints: Checkpoints = {}
        self._checkpoint_watchers: set[asyncio.Queue[Checkpoints]] = set()
        self._document_watchers: set[asyncio.Queue[tuple[str, str]]] = set()

    async def prepare(self, views: Iterable[View], checkpoints: Iterable[tuple[str, str]]) -> None:
        """See ViewWriter.prepare."""
        for checkpoint in checkpoints:
            self._checkpoints.setdefault(checkpoint, 0)

    async def checkpoints(self) -> Checkpoints:
        """See ViewReader.checkpoints."""
        return dict(self._checkpoints)

    async def commit(self, changes: Sequence[ViewChange], moves: Sequence[CheckpointMove]) -> None:
        """See ViewWriter.commit."""
        for move in moves:
            if self._checkpoints.get((move.projection, move.log)) != move.expected:
                raise CheckpointMoved(f"another consumer moved the checkpoint of {move.projection} in {move.log}")
        changed: dict[tuple[str, str], Document | None] = {}
        for operation in merged(changes):
            for document_id in self._targets(operation, changed):
                key = (operation.view, document_id)
                before = changed[key] if key in changed else copy.deepcopy(self._views[operation.view].get(document_id))
                changed[key] = _applied(operation, document_id, before)
        for (view, document_id), document in changed.items():
            if document is None:
                self._views[view].pop(document_id, None)
            else:
                self._views[view][document_id] = document
        moved = {(move.projection, move.log): move.position for move in moves}
        self._checkpoints |= moved
        for checkpoint_watcher in self._checkpoint_watchers:
            checkpoint_watcher.put_nowait(moved)
        for document_watcher in self._document_watchers:
            for key in changed:
                document_watcher.put_nowait(key)

    def _targets(self, operation: Operation, changed: Mapping[tuple[str, str], Document | None]) -> list[str]:
        if not isinstance(operation, ChangeWhere):
            return [operation.id]
        in_batch = {key[1]: document for key, document in changed.items() if key[0] == operation.view}
        every: dict[str, Document | None] = {**self._views[operation.view], **in_batch}
        return [key for key, document in every.items() if document is not None and _fits(document, operation.where)]

    async def get(self, view: str, document_id: str) -> Document | None:
        """See ViewReader.get."""
        return copy.deepcopy(self._views[view].get(document_id))

    async def documents(self, view: str, ids: Sequence[str]) -> list[Document]:
        """See ViewReader.documents."""
        return [copy.deepcopy(self._views[view][key]) for key in ids if key in self._views[view]]

    async def page(
        self, view: str, where: Mapping[str, Any], after: str | None, limit: int, *, descending: bool = False
    ) -> list[Document]:
        """See ViewReader.page."""
        ids = sorted((key for key, document in self._views[view].items() if _fits(document, where)), reverse=descending)
        if after is not None:
            ids = [key for key in ids if (key < after if descending else key > after)]
        return await self.documents(view, ids[:limit])

    async def watch_checkpoints(self) -> AsyncIterator[Checkpoints]:
        """See ViewReader.watch_checkpoints."""
        queue: asyncio.Queue[Checkpoints] = asyncio.Queue()
        self._checkpoint_watchers.add(queue)
        try:
            yield dict(self._checkpoints)
            while True:
                yield await queue.get()
        finally:
            self._checkpoint_watchers.discard(queue)

    async def watch_documents(self, views: Sequence[str]) -> AsyncIterator[tuple[str, str]]:
        """See ViewReader.watch_documents."""
        queue: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._document_watchers.add(queue)
        try:
            while True:
                view, document_id = await queue.get()
                if view in views:
                    yield view, document_id
        finally:
            self._document_watchers.discard(queue)


def _fits(document: Document, where: Mapping[str, Any]) -> bool:
    return all(document.get(name) == value for name, value in where.items())


def _applied(operation: Operation, document_id: str, document: Document | None) -> Document | None:
    """The document after the operation; one that is None does not exist."""
    if isinstance(operation, Remove):
        return None
    if document is None:
        if not (isinstance(operation, Write) and operation.create):
            raise KeyError(f"a change of {operation.view} names a document that does not exist: {document_id}")
        document = {"_id": document_id, "revision": 0}
    document["revision"] += 1
    for path, value in operation.set.items():
        holder, name = _reach(document, path)
        holder[name] = copy.deepcopy(value)
    if isinstance(operation, Write):
        for path, amount in operation.increment.items():
            holder, name = _reach(document, path)
            holder[name] = holder.get(name, 0) + amount
        for path, values in operation.append.items():
            holder, name = _reach(document, path)
            holder[name] = kept([*holder.get(name, []), *copy.deepcopy(values)], operation.keep)
    return document


def _reach(document: Document, path: str) -> tuple[Document, str]:
    """The mapping that holds the last name of a dotted path; made on the way where it is missing."""
    *way, name = path.split(".")
    for step in way:
        document = document.setdefault(step, {})
    return document, name
