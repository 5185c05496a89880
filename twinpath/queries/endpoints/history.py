"""The history of every aggregate: all its events, oldest first, and as it grows."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from query_service.examples import HISTORY_PAGE
from shared.events import CATALOGUE
from twinpath.http.problem_details import problem_responses
from twinpath.ids import id_pattern
from twinpath.queries.endpoints.answering import (
    QUERY_HEADERS_OF_ONE,
    page_answered,
    refuse_parameters,
    shown,
    wait_for_token,
    wait_for_version,
)
from twinpath.queries.endpoints.event_stream import frame, open_stream, streams
from twinpath.queries.endpoints.listing import PageQuery, dumped, views_of
from twinpath.queries.reading.cursor import decode_cursor, encode_cursor
from twinpath.queries.reading.live import Changed
from twinpath.queries.reading.views import ViewQueries
from twinpath.views.history import HISTORY, HistoryPage, entry_id

router = APIRouter(prefix="/history", tags=["history"])


def history_of(resource: APIRouter, category: str) -> None:
    """Add `GET /{id}/history` and `GET /{id}/history/events` to a resource's router."""
    name = f"{category}_id"
    stream_type = Annotated[str, Path(alias=name, pattern=id_pattern(category))]
    _add(resource, f"/{{{name}}}/history", stream_type, f"one {category}", f"{category}_history")


def _add(to: APIRouter, path: str, stream_type: Any, of_what: str, operation: str) -> None:
    """The pages, and below them the live stream; `stream_type` annotates the parameter that names the stream."""

    async def history(stream: stream_type, query: Annotated[PageQuery, Query()], request: Request) -> Response:
        bound_to = {"stream": stream}
        after = None if query.cursor is None else decode_cursor(query.cursor, bound_to)
        views = views_of(request)
        await wait_for_token(request, HISTORY.name)
        await wait_for_version(request, HISTORY.name, stream, partial(views.history_shows, stream))
        page = await views.history(stream, after, query.limit)
        following = None if page.last is None else encode_cursor(page.last, bound_to)
        return page_answered(request, list(page.documents), following)

    async def events(stream: stream_type, request: Request) -> Response:
        refuse_parameters(request)
        seen = request.headers.get("last-event-id", "")
        after = int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= 10 else 0
        return await open_stream(request, HISTORY.name, stream, _LiveHistory(views_of(request), stream, after))

    to.add_api_route(
        path,
        history,
        summary=f"Every event of {of_what}, oldest first",
        description="What happened, when and who did it. What was personal of an erased customer is null.",
        responses=shown(HistoryPage, HISTORY_PAGE) | problem_responses(400, 404, 422, 503),
        openapi_extra=QUERY_HEADERS_OF_ONE,
        operation_id=operation,
    )
    to.add_api_route(
        f"{path}/events",
        events,
        summary="A history as it grows",
        description="`event: history` for each entry, oldest first; its `id` is the version, and Last-Event-ID goes on"
        " after it.",
        operation_id=f"{operation}_events",
        **streams(404, 422, 503),
    )


_ANY_STREAM = Annotated[
    str,
    Path(
        pattern=id_pattern(f"({'|'.join(CATALOGUE.categories)})"),
        description="any aggregate's id",
        examples=["order-0198c0de-0000-7000-8000-000000000003"],
    ),
]
_add(router, "/{stream}", _ANY_STREAM, "any aggregate", "history")


class _LiveHistory:
    def __init__(self, views: ViewQueries, stream: str, after: int) -> None:
        self._views = views
        self._stream = stream
        self._after = after

    async def everything(self) -> list[bytes]:
        """Every entry after the last one sent, so that none is skipped or told twice."""
        frames: list[bytes] = []
        more = True
        while more:
            after = (None, entry_id(self._stream, self._after)) if self._after else None
            page = await self._views.history(self._stream, after, 100)
            frames += [frame("history", dumped(entry), entry["version"]) for entry in page.documents]
            self._after = page.documents[-1]["version"] if page.documents else self._after
            more = page.last is not None
        return frames

    async def changes(self, changed: Changed) -> list[bytes]:
        return await self.everything()
