"""Reads histories: the events of a stream, oldest first, as they would be stored today."""

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import NewEvent
from twinpath.domain.views import Document, Order, Place
from twinpath.errors import UnknownEvent
from twinpath.queries.reading.reach import Reach
from twinpath.queries.reading.views import Page, Selection, ViewQueries, not_there
from twinpath.views.history import HISTORY, HistoryEntry, entry_id

_FIELDS = tuple(HistoryEntry.model_fields)


class Histories:
    """The histories of every aggregate that has events in this catalogue."""

    def __init__(self, views: ViewQueries, catalogue: Catalogue) -> None:
        self._views = views
        self._catalogue = catalogue

    async def page(self, stream: str, after: Place | None, limit: int, reach: Reach | None = None) -> Page:
        """Events of a stream as HistoryEntry has them. Raises NotFound, Unavailable."""
        page = await self._views.page(Selection(HISTORY, {"stream": stream}, Order()), after, limit, reach)
        if not page.documents and after is None:
            raise not_there(stream)
        return Page([self._entry(document) for document in page.documents], page.last)

    async def shows(self, stream: str, version: int) -> bool:
        """Whether the history shows this version. Raises Unavailable."""
        return await self._views.shows(HISTORY, entry_id(stream, version), version)

    def _entry(self, document: Document) -> Document:
        """The entry with its personal data put back, or null where that was erased."""
        entry = {name: document[name] for name in _FIELDS}
        name, schema, data = document["type"], document.get("schema", 1), document["data"]
        if document["personal_of"] is not None:
            data = {**data, **(document["personal"] or dict.fromkeys(self._catalogue.personal(name, schema)))}
        try:
            entry["data"] = self._catalogue.today(NewEvent(name, schema, data)).data
        except UnknownEvent:  # a projector that is newer than this service wrote it
            entry["data"] = data
        return entry
