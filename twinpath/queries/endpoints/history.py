"""The history of every aggregate: all its events, oldest first, and as it grows."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import Path, Request, Response

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.resource import Resource
from twinpath.domain.views import Place
from twinpath.http.documents.problems import codes_together
from twinpath.http.parameters import refuse_parameters
from twinpath.identity.authentication import need
from twinpath.identity.permissions import HISTORY as READ
from twinpath.identity.permissions import SEE
from twinpath.ids import category_of, id_example, id_pattern
from twinpath.queries.endpoints import describing
from twinpath.queries.endpoints.answering import Queries, dumped
from twinpath.queries.endpoints.event_stream import frame, open_stream
from twinpath.queries.endpoints.lists import Pages
from twinpath.queries.endpoints.models import page_model
from twinpath.queries.endpoints.parameters import PageQuery
from twinpath.queries.endpoints.routes import Routes, id_in_path, in_query
from twinpath.queries.reading.history import Histories
from twinpath.queries.reading.live import Changed
from twinpath.queries.reading.views import ViewQueries
from twinpath.views.history import HISTORY, HistoryEntry, entry_id

_PAGE = page_model("history", HistoryEntry)


class HistoryRoutes:
    """Adds the routes of histories; `catalogue` has every event, `resources` are by their category.

    Who reads the history of an aggregate needs the permission to read it too; what no resource shows is for operators.
    """

    def __init__(self, routes: Routes, catalogue: Catalogue, resources: Mapping[str, Resource]) -> None:
        self._routes = routes
        documents = {category: resource.document for category, resource in resources.items()}
        allows = {category: resource.allow for category, resource in resources.items()}
        self._endpoint = _History(partial(Histories, catalogue=catalogue, documents=documents), allows)
        self._catalogue = catalogue

    def add(self, resource: Resource) -> None:
        """Add `GET <path>/{id}/history` and its `/events`."""
        category = resource.category
        path = f"{resource.path}/{{{category}_id}}/history"
        types = [event.type for event in self._catalogue.types if event.type.startswith(f"{category}.")]
        parameters, allow = {f"{category}_id": id_in_path(category)}, (READ, resource.allow)
        self._add(path, parameters, f"one {category}", f"{category}_history", allow, types)

    def add_any(self) -> None:
        """Add `GET /history/{id}`, of any aggregate, and its `/events`."""
        categories = self._catalogue.categories
        any_id = Path(
            pattern=id_pattern(f"({'|'.join(categories)})"),
            description="any aggregate's id",
            examples=[id_example(categories[0])],
        )
        types = [event.type for event in self._catalogue.types]
        self._routes.tags["history"] = "What happened to an aggregate of whatever kind."
        self._add("/history/{stream}", {"stream": Annotated[str, any_id]}, "any aggregate", "history", (READ,), types)

    def _add(
        self,
        path: str,
        stream: dict[str, Any],
        of_what: str,
        operation: str,
        allow: tuple[str, ...],
        types: list[str],
    ) -> None:
        absent = codes_together(*(describing.missing(name.partition(".")[0]) for name in types))
        entry = {
            "version": 1,
            "type": types[0],
            "at": "2026-01-05T09:10:00.000000Z",
            "actor": "agent-ann",
            "correlation_id": "c-42",
            "data": {},
        }
        self._routes.get(
            path,
            self._endpoint.page,
            {**stream, "query": in_query(PageQuery)},
            f"list_{operation}",
            allow,
            summary=f"Every event of {of_what}, oldest first",
            description="What happened, when and who did it. Personal data of an erased customer is null.",
            **describing.query(
                _PAGE, {"items": [entry], "next": describing.NEXT}, describing.PAGED, absent, version=True
            ),
        )
        self._routes.get(
            f"{path}/events",
            self._endpoint.events,
            stream,
            f"follow_{operation}",
            allow,
            summary="A history as it grows",
            description="`event: history` for each entry, oldest first; its `id` is the version, and Last-Event-ID goes"
            " on after it.",
            **describing.stream(absent),
        )


class _History:
    def __init__(self, histories: Callable[[ViewQueries], Histories], allows: Mapping[str, str]) -> None:
        self._histories = histories
        self._allows = allows

    async def page(self, request: Request, stream: str, query: PageQuery) -> Response:
        """A page of a history."""
        queries, histories = self._for_caller(request, stream)
        pages = Pages(queries.cursors, request, {"view": HISTORY.name, "stream": stream})
        after = pages.after(query.cursor)
        await queries.token_seen(request, HISTORY, *histories.asked_first(stream))
        await queries.version_seen(request, HISTORY, stream, histories.shows)
        reach = queries.reach(stream, alone=True)
        page = await histories.page(stream, after, query.limit, reach)
        return pages.answered(page.documents, page, [HISTORY], reach)

    async def events(self, request: Request, stream: str) -> Response:
        """A history as it grows."""
        refuse_parameters(request)
        seen = request.headers.get("last-event-id", "")
        after = int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= 10 else 0
        queries, histories = self._for_caller(request, stream)
        source, joined = _LiveHistory(histories, stream, after), histories.asked_first(stream)
        return await open_stream(request, queries, source, [HISTORY], stream, joined=joined, alone=True)

    def _for_caller(self, request: Request, stream: str) -> tuple[Queries, Histories]:
        need(request.scope, self._allows.get(category_of(stream), SEE))
        queries = Queries.for_request(request)
        return queries, self._histories(queries.views)


class _LiveHistory:
    """A Source: every entry after the last that was sent, so that none is skipped or sent twice."""

    def __init__(self, histories: Histories, stream: str, after: int) -> None:
        self._histories = histories
        self._stream = stream
        self._after: Place | None = (None, entry_id(stream, after)) if after else None

    async def everything(self) -> list[bytes]:
        """See Source.everything."""
        frames: list[bytes] = []
        more = True
        while more:
            page = await self._histories.page(self._stream, self._after, 100)
            frames += [frame("history", dumped(entry), entry["version"]) for entry in page.documents]
            more = page.last is not None
            if page.last is not None:  # also where it showed nothing of what an owner may see
                self._after = page.last
            elif page.documents:
                self._after = (None, entry_id(self._stream, page.documents[-1]["version"]))
        return frames

    async def changes(self, changed: Changed) -> list[bytes]:
        """See Source.changes."""
        return await self.everything()
