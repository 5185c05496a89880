"""What can be asked of every view: one document, a list, a history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.events import CATALOGUE
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import NewEvent
from twinpath.domain.views import NEWEST_FIRST, Cached, Document, Order, Place, Range, View
from twinpath.errors import NotFound, UnknownEvent
from twinpath.ids import category_of
from twinpath.queries.reading.fast_copy import FastCopy
from twinpath.views.history import HISTORY, HistoryEntry, entry_id
from twinpath.views.interface import ViewReader
from twinpath.views.paths import fits

_ENTRY_FIELDS = tuple(HistoryEntry.model_fields)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which documents of a view, and in which order."""

    view: View
    where: Mapping[str, Any] = field(default_factory=dict)
    order: Order = NEWEST_FIRST
    ranges: Mapping[str, Range] = field(default_factory=dict)

    def takes(self, document: Document) -> bool:
        """Whether a document belongs to it."""
        return all(fits(document, path, value) for path, value in self.where.items()) and all(
            (least is None or document[name] >= least) and (most is None or document[name] <= most)
            for name, (least, most) in self.ranges.items()
        )

    @property
    def identity(self) -> dict[str, Any]:
        """What makes it this selection and no other: a cursor is good for one alone."""
        sorted_by = [self.order.field, self.order.descending]
        return {"view": self.view.name, "where": dict(self.where), "order": sorted_by, "ranges": dict(self.ranges)}


@dataclass(frozen=True, slots=True)
class Page:
    """Documents, and the place after which the next page begins; None on the last."""

    documents: Sequence[Document]
    last: Place | None = None


class ViewQueries:
    """Reads views. `fresh` reads past the cache, which may trail the view's checkpoint."""

    def __init__(self, reader: ViewReader, cache: FastCopy, catalogue: Catalogue = CATALOGUE) -> None:
        self._reader = reader
        self._cache = cache
        self._catalogue = catalogue

    async def ready(self, view: View, document_id: str, fresh: bool = False) -> Cached:
        """One document, ready to send. Raises NotFound, Unavailable."""
        cached = None if fresh else await self._cache.get(view.name, document_id)
        if cached is not None:
            return cached
        document = await self._reader.get(view.name, document_id)
        if document is None:
            raise not_there(document_id)
        return view.rendered(document)

    async def ready_many(self, view: View, ids: Iterable[str], fresh: bool = False) -> dict[str, Cached]:
        """Those of several documents that exist, ready to send, by id. Raises Unavailable."""
        wanted = list(dict.fromkeys(ids))
        cached = [] if fresh or not wanted else await self._cache.get_many(view.name, wanted)
        found = {one.id: one for one in cached if one is not None}
        if missing := [document_id for document_id in wanted if document_id not in found]:
            documents = await self._reader.documents(view.name, missing)
            found |= {document["_id"]: view.rendered(document) for document in documents}
        return found

    async def shows(self, view: View, document_id: str, version: int) -> bool:
        """Whether the view shows this version of a document, or a later one. Raises Unavailable."""
        document = await self._reader.get(view.name, document_id)
        return document is not None and document["version"] >= version

    async def page(self, selection: Selection, after: Place | None, limit: int) -> Page:
        """A page of a selection. Raises Unavailable."""
        found = await self._reader.page(
            selection.view.name, selection.where, after, limit + 1, selection.order, selection.ranges
        )
        last = selection.order.place_of(found[limit - 1]) if len(found) > limit else None
        return Page(found[:limit], last)

    async def history(self, stream: str, after: Place | None, limit: int) -> Page:
        """Events of a stream, oldest first, as HistoryEntry has them. Raises NotFound, Unavailable."""
        page = await self.page(Selection(HISTORY, {"stream": stream}, Order()), after, limit)
        if not page.documents and after is None:
            raise not_there(stream)
        return Page([_entry(document, self._catalogue) for document in page.documents], page.last)

    async def history_shows(self, stream: str, version: int) -> bool:
        """Whether the history shows this version. Raises Unavailable."""
        return await self._reader.get(HISTORY.name, entry_id(stream, version)) is not None


def not_there(document_id: str) -> NotFound:
    """The refusal of an id that no document has."""
    category = category_of(document_id)
    return NotFound(f"There is no {category} {document_id}, or it is not visible yet.", code=f"{category}_not_found")


def _entry(document: Document, catalogue: Catalogue) -> Document:
    """An entry as its event would be stored today, with what is personal put back, or null where it was erased."""
    entry = {name: document[name] for name in _ENTRY_FIELDS}
    name, schema, data = document["type"], document.get("schema", 1), document["data"]
    if document["personal_of"] is not None:
        data = {**data, **(document["personal"] or dict.fromkeys(catalogue.personal(name, schema)))}
    try:
        entry["data"] = catalogue.today(NewEvent(name, schema, data)).data
    except UnknownEvent:  # a projector that is newer than this service wrote it
        entry["data"] = data
    return entry
