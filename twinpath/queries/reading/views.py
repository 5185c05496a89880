"""What can be asked of every view: one document, several, a page of a list."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, TypeVar

import orjson

from twinpath.domain.resource import Join
from twinpath.domain.views import NEWEST_FIRST, NOTHING, Cached, Document, Order, Place, Range, View
from twinpath.errors import NotFound, NotPermitted
from twinpath.ids import category_of
from twinpath.queries.reading.fast_copy import FastCopy
from twinpath.queries.reading.reach import Reach
from twinpath.views.interface import Fields, ViewReader
from twinpath.views.paths import fits, within

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which documents of a view, and in which order."""

    view: View
    where: Mapping[str, Any] = field(default_factory=dict)
    order: Order = NEWEST_FIRST
    ranges: Mapping[str, Range] = field(default_factory=dict)

    def takes(self, document: Document) -> bool:
        """Whether a document belongs to it."""
        return all(fits(document, path, value) for path, value in self.where.items()) and within(document, self.ranges)

    def owned_by(self, owner: str | None) -> "Selection":
        """Those of its documents that a caller may see whose own documents name this owner; None sees them all.

        Raises:
            NotPermitted: it selects by a field that owners are not shown.
        """
        if owner is None:
            return self
        if asked := {path.partition(".")[0] for path in (*self.where, *self.ranges)} & set(self.view.internal):
            raise NotPermitted(f"{', '.join(sorted(asked))} is not yours to filter by.")
        field_name = self.view.owner
        if field_name is None:
            return self
        if self.where.get(field_name, owner) != owner:
            return replace(self, where={**self.where, "_id": None})  # nobody else's are there
        return replace(self, where={**self.where, field_name: owner})

    def may_have_lost(self, document: Document | None, changed: Fields) -> bool:
        """Whether a document that it does not take may have belonged to it before these fields changed: the others
        are as they were."""
        if document is None or changed is None:
            return True
        kept = {path: value for path, value in self.where.items() if path.partition(".")[0] not in changed}
        kept_ranges = {path: span for path, span in self.ranges.items() if path.partition(".")[0] not in changed}
        return "_id" not in changed and replace(self, where=kept, ranges=kept_ranges).takes(document)

    @property
    def identity(self) -> dict[str, Any]:
        """What makes it this selection and no other: a cursor is good for one alone."""
        model = self.view.model.model_fields if self.view.model else {}
        kind = str(model[self.order.field].annotation) if self.order.field in model else ""
        sorted_by = [self.order.field, self.order.descending, kind]  # a field of another type has other places
        return {"view": self.view.name, "where": dict(self.where), "order": sorted_by, "ranges": dict(self.ranges)}


@dataclass(frozen=True, slots=True)
class Page:
    """Documents, and the place after which the next page begins; None on the last."""

    documents: Sequence[Document]
    last: Place | None = None


class ViewQueries:
    """Reads views. `fresh` reads past the cache, which may trail the view's checkpoint. An answer's `reach` takes note
    of how far what is read had come.

    `on_read` is called after each read of the views themselves: which view, what kind of read, and its seconds.
    """

    def __init__(self, reader: ViewReader, cache: FastCopy) -> None:
        self.on_read: Callable[[str, str, float], None] = lambda view, read, seconds: None
        self._reader = reader
        self._cache = cache
        self._owner: str | None = None

    def owned_by(self, owner: str | None) -> "ViewQueries":
        """The same, of the documents alone that name this owner, as owners are shown them; None sees them all.

        Documents of a view that names no owner are everybody's who may read it at all.
        """
        if owner is None:
            return self
        narrowed = copy(self)
        narrowed._owner = owner
        return narrowed

    @property
    def is_narrowed(self) -> bool:
        """Whether only the documents of one owner are shown."""
        return self._owner is not None

    async def ready(
        self,
        view: View,
        document_id: str,
        fresh: bool = False,
        join: Join | None = None,
        reach: Reach | None = None,
    ) -> Cached:
        """One document, ready to send. Raises NotFound, Unavailable."""
        ready = None if fresh or not view.copy else await self._cache.get(view.name, document_id)
        if ready is not None:
            _note(reach, view, ready)
            return await self._shown(view, ready, join, fresh, reach)
        _note(reach, view)
        document = await self._get(view, document_id)
        if document is None:
            raise not_there(document_id)
        return await self._shown(view, view.rendered(document), join, fresh, reach)

    async def rendered(self, view: View, document: Document, join: Join | None = None) -> Cached:
        """A document that was read, ready to send. Raises NotFound, Unavailable."""
        return await self._shown(view, view.rendered(document), join, fresh=True)

    async def ready_many(
        self, view: View, ids: Iterable[str], fresh: bool = False, reach: Reach | None = None
    ) -> dict[str, Cached]:
        """Those of several documents that exist, ready to send, by id. Raises Unavailable."""
        wanted = list(dict.fromkeys(ids))
        cached = [] if fresh or not view.copy or not wanted else await self._cache.get_many(view.name, wanted)
        ready = {document.id: document for document in cached if document is not None}
        if ready:
            _note(reach, view, next(iter(ready.values())))  # the copy was read in one moment
        if missing := [document_id for document_id in wanted if document_id not in ready]:
            _note(reach, view)
            documents = await self.several(view.name, missing)
            ready |= {document["_id"]: view.rendered(document) for document in documents}
        own = {document_id: self._own(view, document) for document_id, document in ready.items()}
        return {document_id: document for document_id, document in own.items() if document is not None}

    def _own(self, view: View, ready: Cached) -> Cached | None:
        """What the caller sees of a document: all of it, it without what is internal, or nothing."""
        if self._owner is None or (view.owner is None and not view.internal):
            return ready
        shown = orjson.loads(ready.body)
        if view.owner is not None and shown.get(view.owner) != self._owner:
            return None
        return replace(ready, body=orjson.dumps(view.without_internal(shown))) if view.internal else ready

    async def _shown(
        self, view: View, ready: Cached, join: Join | None, fresh: bool, reach: Reach | None = None
    ) -> Cached:
        own = self._own(view, ready)
        if own is None:
            raise not_there(ready.id)
        return own if join is None else await self._joined(own, join, fresh, reach)

    async def _joined(self, document: Cached, join: Join, fresh: bool = False, reach: Reach | None = None) -> Cached:
        """The document with what is joined; the etag names both versions. Raises Unavailable."""
        shown = orjson.loads(document.body)
        others = await self._join([shown], join, fresh, reach)
        version = others[shown[join.by]].etag.strip('"') if shown[join.by] in others else "0"
        return Cached(document.id, document.revision, f'{document.etag[:-1]}.{version}"', orjson.dumps(shown))

    async def rows(
        self,
        view: View,
        documents: Sequence[Document],
        shown: Callable[[Document], dict[str, Any]],
        join: Join | None = None,
        fresh: bool = True,
        reach: Reach | None = None,
    ) -> list[dict[str, Any]]:
        """The items that a list shows, with what is joined, which one round trip reads. Raises Unavailable."""
        rows = [shown(document) for document in documents]
        if self._owner is not None:
            rows = [view.without_internal(row) for row in rows]
        if join is not None:
            await self._join(rows, join, fresh, reach)
        return rows

    async def _join(
        self, shown: Sequence[dict[str, Any]], join: Join, fresh: bool, reach: Reach | None
    ) -> Mapping[str, Cached]:
        ids = [row[join.by] for row in shown if row[join.by] is not None]
        ready = await self.ready_many(join.view, ids, fresh, reach)
        others = {document.id: orjson.loads(document.body) for document in ready.values()}
        for row in shown:
            join.put(row, others.get(row[join.by]))
        return ready

    async def shows(self, view: View, document_id: str, version: int) -> bool:
        """Whether the view shows this version of a document, or a later one. Raises Unavailable."""
        document = await self._get(view, document_id)
        if document is None or (self._owner is not None and document.get(view.owner or "", self._owner) != self._owner):
            return False
        return int(document.get("version", 0)) >= version

    async def page(self, selection: Selection, after: Place | None, limit: int, reach: Reach | None = None) -> Page:
        """A page of a selection. Raises NotPermitted, Unavailable."""
        selection = self.narrowed(selection)
        _note(reach, selection.view)
        view, where, order, ranges = selection.view.name, selection.where, selection.order, selection.ranges
        documents = await self._timed(view, "page", self._reader.page(view, where, after, limit + 1, order, ranges))
        last = selection.order.place_of(documents[limit - 1]) if len(documents) > limit else None
        return Page(documents[:limit], last)

    def narrowed(self, selection: Selection) -> Selection:
        """The part of a selection that the caller may see. Raises NotPermitted."""
        return selection.owned_by(self._owner)

    async def several(self, view: str, ids: Sequence[str]) -> list[Document]:
        """Those of several documents that exist. Raises Unavailable."""
        return await self._timed(view, "several", self._reader.documents(view, ids))

    async def _get(self, view: View, document_id: str) -> Document | None:
        return await self._timed(view.name, "one", self._reader.get(view.name, document_id))

    async def _timed(self, view: str, read: str, reading: Awaitable[Read]) -> Read:
        began = perf_counter()
        answer = await reading
        self.on_read(view, read, perf_counter() - began)
        return answer


def _note(reach: Reach | None, view: View, copied: Cached | None = None) -> None:
    """A read of a view begins, or brought a document of its copy."""
    if reach is None:
        return
    if copied is None:
        reach.view(view.name)
    else:
        reach.copy(view.name, copied.reached or NOTHING)


def not_there(document_id: str) -> NotFound:
    """The refusal of an id that no document has."""
    category = category_of(document_id)
    return NotFound(f"There is no {category} {document_id}, or it is not visible yet.", code=f"{category}_not_found")
