"""Reads histories: the events of a stream, oldest first, as they would be stored today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import NewEvent
from twinpath.domain.views import Document, Order, Place, View
from twinpath.errors import NotFound, UnknownEvent
from twinpath.ids import category_of
from twinpath.queries.reading.reach import Reach
from twinpath.queries.reading.views import Page, Selection, ViewQueries, not_there
from twinpath.views.history import HISTORY, HistoryEntry, entry_id

_FIELDS = tuple(HistoryEntry.model_fields)


@dataclass(frozen=True)
class Histories:
    """The histories of every aggregate that has events in this catalogue.

    `documents` are the views that name the owner of an aggregate, by its category: an owner is shown the histories of
    its own documents, without who did it and without internal events.
    """

    views: ViewQueries
    catalogue: Catalogue
    documents: Mapping[str, View]

    async def page(self, stream: str, after: Place | None, limit: int, reach: Reach | None = None) -> Page:
        """Events of a stream as HistoryEntry has them. Raises NotFound, Unavailable."""
        await self._refuse_others(stream)
        page = await self.views.page(Selection(HISTORY, {"stream": stream}, Order()), after, limit, reach)
        if not page.documents and after is None:
            raise not_there(stream)
        entries = [self._entry(document) for document in page.documents]
        if self.views.is_narrowed:
            internal = self.catalogue.internal
            entries = [{**entry, "actor": None} for entry in entries if entry["type"] not in internal]
        return Page(entries, page.last)

    async def shows(self, stream: str, version: int) -> bool:
        """Whether the history shows this version. Raises Unavailable."""
        try:
            await self._refuse_others(stream)
        except NotFound:
            return False
        return await self.views.shows(HISTORY, entry_id(stream, version), version)

    def asked_first(self, stream: str) -> Sequence[View]:
        """The views that say whether a history is the caller's own: they must have got as far as the history."""
        view = self.documents.get(category_of(stream)) if self.views.is_narrowed else None
        return () if view is None else (view,)

    async def _refuse_others(self, stream: str) -> None:
        """An owner sees the histories of what is its own. Raises NotFound, Unavailable."""
        if self.views.is_narrowed:
            view = self.documents.get(category_of(stream))
            if view is None or view.owner is None:
                raise not_there(stream)
            await self.views.ready(view, stream, fresh=True)

    def _entry(self, document: Document) -> Document:
        """The entry with its personal data put back, or null where that was erased."""
        entry = {name: document[name] for name in _FIELDS}
        name, schema, data = document["type"], document.get("schema", 1), document["data"]
        if document["personal_of"] is not None:
            data = {**data, **(document["personal"] or dict.fromkeys(self.catalogue.personal(name, schema)))}
        try:
            entry["data"] = self.catalogue.today(NewEvent(name, schema, data)).data
        except UnknownEvent:  # a projector that is newer than this service wrote it
            entry["data"] = data
        return entry
