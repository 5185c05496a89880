"""What can be asked about tickets: lists, one ticket, the history."""

from collections.abc import Mapping
from typing import Any

from query_service.fast_copy import FastCopy
from shared.errors import NotFound
from shared.read_models.history import HISTORY, HistoryEntry, entry_id
from shared.read_models.ticket_details import TICKET_DETAILS
from shared.read_models.ticket_list import TICKET_LIST, TicketRow
from shared.view_store.interface import Cached, Document, ViewReader

Page = tuple[list[Document], str | None]
"""The documents of a page, and the id after which the next one begins; None on the last."""

_ROW_FIELDS = tuple(TicketRow.model_fields)
_ENTRY_FIELDS = tuple(HistoryEntry.model_fields)


class TicketQueries:
    """Reads the ticket views. `fresh` reads past the cache, which may trail the view's checkpoint."""

    def __init__(self, reader: ViewReader, cache: FastCopy) -> None:
        self._reader = reader
        self._cache = cache

    async def page(self, filters: Mapping[str, Any], after: str | None, limit: int) -> Page:
        """Rows, newest first. Raises Unavailable."""
        rows = await self._reader.page(TICKET_LIST.name, filters, after, limit + 1, descending=True)
        return [row_of(row) for row in rows[:limit]], _last(rows, limit)

    async def details(self, ticket_id: str, fresh: bool = False) -> Cached:
        """One ticket, ready to send. Raises NotFound, Unavailable."""
        cached = None if fresh else await self._cache.get(TICKET_DETAILS.name, ticket_id)
        if cached is not None:
            return cached
        document = await self._reader.get(TICKET_DETAILS.name, ticket_id)
        if document is None:
            raise _no_ticket(ticket_id)
        return TICKET_DETAILS.rendered(document)

    async def shows(self, ticket_id: str, version: int) -> bool:
        """Whether the view shows this version of a ticket, or a later one. Raises Unavailable."""
        document = await self._reader.get(TICKET_DETAILS.name, ticket_id)
        return document is not None and document["version"] >= version

    async def history(self, ticket_id: str, after: str | None, limit: int) -> Page:
        """Events, oldest first. Raises NotFound, Unavailable."""
        entries = await self._reader.page(HISTORY.name, {"stream": ticket_id}, after, limit + 1)
        if not entries and after is None:
            raise _no_ticket(ticket_id)
        chosen = [{name: entry[name] for name in _ENTRY_FIELDS} for entry in entries[:limit]]
        return chosen, _last(entries, limit)

    async def history_shows(self, ticket_id: str, version: int) -> bool:
        """Whether the history shows this version. Raises Unavailable."""
        return await self._reader.get(HISTORY.name, entry_id(ticket_id, version)) is not None


def row_of(document: Document) -> Document:
    """A TicketRow, as data to be dumped."""
    return {name: document[name] for name in _ROW_FIELDS}


def _last(documents: list[Document], limit: int) -> str | None:
    return str(documents[limit - 1]["_id"]) if len(documents) > limit else None


def _no_ticket(ticket_id: str) -> NotFound:
    return NotFound(f"There is no ticket {ticket_id}, or it is not visible yet.", code="ticket_not_found")
