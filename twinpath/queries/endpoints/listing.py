"""What every list shares: the parameters of a page, the page itself, the list as it changes."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import orjson
from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from twinpath.domain.views import Document
from twinpath.queries.endpoints.answering import page_answered, wait_for_token
from twinpath.queries.endpoints.event_stream import frame
from twinpath.queries.reading.cursor import decode_cursor, encode_cursor
from twinpath.queries.reading.live import Changed
from twinpath.queries.reading.views import Selection, ViewQueries

FIRST_PAGE = 20

Rows = Callable[[Sequence[Document]], Awaitable[list[dict[str, Any]]]]
"""Turns documents into the items that a list shows."""


class Parameters(BaseModel):
    """Query parameters; those that nobody knows are refused."""

    model_config = ConfigDict(extra="forbid")


class PageQuery(Parameters):
    """Which page."""

    limit: Annotated[int, Field(ge=1, le=100, description="items a page")] = FIRST_PAGE
    cursor: Annotated[str | None, Field(max_length=500, description="`next` of the page before")] = None


def views_of(request: Request) -> ViewQueries:
    """The queries that the composition root gave to this app."""
    views: ViewQueries = request.app.state.views
    return views


def fields_of(row: type[BaseModel]) -> Rows:
    """Items that are the named fields of the documents."""
    names = tuple(row.model_fields)

    async def rows(documents: Sequence[Document]) -> list[dict[str, Any]]:
        return [{name: document[name] for name in names} for document in documents]

    return rows


async def answer_list(
    request: Request, selection: Selection, query: PageQuery, rows: Rows, *projections: str
) -> Response:
    """A page of a selection, once the view, and the other projections it needs, have reached the causal token."""
    after = None if query.cursor is None else decode_cursor(query.cursor, selection.identity)
    await wait_for_token(request, selection.view.name, *projections)
    page = await views_of(request).page(selection, after, query.limit)
    following = None if page.last is None else encode_cursor(page.last, selection.identity)
    return page_answered(request, await rows(page.documents), following)


class LiveList:
    """A Source: the first page, at the start and whenever changes were missed; then each row that is new or changed.

    `never_leaves` names a field whose value a document never changes: what has another value there was never in the
    list, so that nobody need hear that it left.
    """

    def __init__(self, views: ViewQueries, selection: Selection, rows: Rows, name: str, never_leaves: str = "") -> None:
        self._views = views
        self._selection = selection
        self._rows = rows
        self._name = name
        self._never_leaves = never_leaves

    async def everything(self) -> list[bytes]:
        """See Source.everything."""
        page = await self._views.page(self._selection, None, FIRST_PAGE)
        return [frame(f"{self._name}s", dumped({"items": await self._rows(page.documents)}))]

    async def changes(self, changed: Changed) -> list[bytes]:
        """See Source.changes."""
        frames = []
        for document_id, document in changed.items():
            if document is not None and self._selection.takes(document):
                [row] = await self._rows([document])
                frames.append(frame(self._name, dumped(row), document["version"]))
            elif self._could_hold(document):
                frames.append(frame("left", dumped({f"{self._name}_id": document_id})))
        return frames

    def _could_hold(self, document: Document | None) -> bool:
        wanted = self._selection.where.get(self._never_leaves)
        return document is None or wanted is None or document[self._never_leaves] == wanted


def dumped(content: object) -> bytes:
    """JSON in one line, times with Z."""
    return orjson.dumps(content, option=orjson.OPT_UTC_Z)
