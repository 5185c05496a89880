"""Lists: a page, and the list as it changes; of a resource, or below one of its documents."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response

from twinpath.domain.resource import Filters, Listing, Resource, SubList
from twinpath.domain.views import NOTHING, Document, Place, View, shown_fields
from twinpath.http.documents.problems import Codes
from twinpath.identity.authentication import caller_of
from twinpath.queries.endpoints import describing
from twinpath.queries.endpoints.answering import Queries, answered, dumped
from twinpath.queries.endpoints.event_stream import frame, open_stream
from twinpath.queries.endpoints.models import page_model, shown_model
from twinpath.queries.endpoints.parameters import FIRST_PAGE, filters_of, page_of, selection_of
from twinpath.queries.endpoints.routes import Routes, id_in_path, in_query
from twinpath.queries.reading.cursor import Cursors, bound_to
from twinpath.queries.reading.live import Changed
from twinpath.queries.reading.reach import Reach
from twinpath.queries.reading.views import Page, Selection, ViewQueries, not_there


def add_list(routes: Routes, resource: Resource, listing: Listing) -> None:
    """Add `GET <path>` and `GET <path>/events`."""
    plural = resource.path[1:]
    endpoint = _List(listing, plural)
    _add(routes, endpoint, resource.path, {}, plural, f"List {plural}", resource.allow)


def add_sublist(routes: Routes, resource: Resource, sublist: SubList, allows: Mapping[str, str]) -> None:
    """Add `GET <path>/{id}<path of the list>` and its `/events`. `allows` are the permissions of lists, by their view:
    where a list needs one, it does so here too."""
    category, plural = resource.category, sublist.path[1:]
    endpoint = _List(sublist.listing, plural, resource.document, sublist)
    path = f"{resource.path}/{{{category}_id}}{sublist.path}"
    parameters = {f"{category}_id": id_in_path(category)}
    summary, items = f"The {plural} of one {category}", allows.get(sublist.listing.view.name, resource.allow)
    allow = [sublist.allow] if sublist.allow else list(dict.fromkeys((resource.allow, items)))
    _add(routes, endpoint, path, parameters, f"{category}_{plural}", summary, allow, describing.missing(category))


def _add(
    routes: Routes,
    endpoint: "_List",
    path: str,
    parameters: Mapping[str, Any],
    operation: str,
    summary: str,
    allow: str | Sequence[str],
    *codes: Codes,
) -> None:
    listing, plural = endpoint.listing, endpoint.plural
    filters = filters_of(listing, endpoint.sublist.by if endpoint.sublist else "")
    row = shown_model(listing.rows, listing.join)
    example = {"items": [listing.example], "next": describing.NEXT}
    routes.get(
        path,
        endpoint.page,
        {**parameters, "query": in_query(page_of(filters))},
        f"list_{operation}",
        allow,
        summary=summary if listing.view.sorts else f"{summary}, newest first",
        description=listing.description,
        **describing.query(page_model(listing.name, row), example, describing.PAGED, *codes),
    )
    if listing.view.live:
        routes.get(
            f"{path}/events",
            endpoint.events,
            {**parameters, "filters": in_query(filters)},
            f"follow_{operation}",
            allow,
            summary=f"{summary} as they change",
            description=f"`event: {plural}` is the first page, at the start and whenever changes were missed; then"
            f" `event: {listing.name}` is an item that is new or changed, `event: left` names one that the filters"
            " don't take any more.",
            **describing.stream(*codes),
        )


class _List:
    """Answers for a list; of a sub-list the id of its `parent`'s document comes before the query's parameters."""

    def __init__(
        self, listing: Listing, plural: str, parent: View | None = None, sublist: SubList | None = None
    ) -> None:
        self.listing, self.plural, self.sublist = listing, plural, sublist
        self._parent = parent
        self._shown = shown_fields(listing.rows)
        self._joined = () if listing.join is None else (listing.join.view,)

    async def page(self, request: Request, *given: Any) -> Response:
        """A page, once the views have reached the causal token."""
        query, queries = given[-1], Queries.for_request(request)
        selection = queries.views.narrowed(self._selection(*given))
        pages = Pages(queries.cursors, request, selection.identity)
        after = pages.after(query.cursor)
        fresh = await queries.token_seen(request, *self._needed)
        reach = queries.reach()
        page = await queries.views.page(selection, after, query.limit, reach)
        if not page.documents and after is None:
            await self._refuse_unknown(queries, given)
        rows = await self.rows(queries.views, page.documents, fresh, reach)
        return pages.answered(rows, page, self._needed, reach)

    async def events(self, request: Request, *given: Any) -> Response:
        """The list as it changes."""
        queries = Queries.for_request(request)
        if self.sublist:
            await queries.token_seen(request, *self._needed)
            await self._refuse_unknown(queries, given)
        key = str(given[0]) if self.sublist and self.sublist.keyed else None
        source = _LiveList(queries.views, self, queries.views.narrowed(self._selection(*given)))
        return await open_stream(request, queries, source, [self.listing.view], key, joined=self._joined)

    async def rows(
        self, views: ViewQueries, documents: Sequence[Document], fresh: bool, reach: Reach | None = None
    ) -> list[dict[str, Any]]:
        """What the list shows of documents."""
        return await views.rows(self.listing.view, documents, self._shown, self.listing.join, fresh, reach)

    @property
    def _needed(self) -> Sequence[View]:
        return (self.listing.view, *self._joined, *([self._parent] if self._parent else []))

    def _selection(self, *given: Any) -> Selection:
        filters: Filters = given[-1]
        fixed = {self.sublist.by: given[0]} if self.sublist else {}
        return selection_of(self.listing.view, filters, fixed)

    async def _refuse_unknown(self, queries: Queries, given: Sequence[Any]) -> None:
        """Refuse a parent that has neither a document nor an item; either view may be behind. Raises NotFound."""
        if self._parent is None or self.sublist is None:
            return
        parent = given[0]
        if await queries.views.ready_many(self._parent, [parent], fresh=True):
            return
        items = Selection(self.listing.view, {self.sublist.by: parent})
        if not (await queries.views.page(items, None, 1)).documents:
            raise not_there(parent)


class _LiveList:
    """A Source: the first page, at the start and whenever changes were missed; then each row that is new or changed."""

    def __init__(self, views: ViewQueries, of_list: _List, selection: Selection) -> None:
        self._views = views
        self._list = of_list
        self._selection = selection
        self._own = views.narrowed(Selection(of_list.listing.view))
        self._sent: set[str] = set()

    async def everything(self) -> list[bytes]:
        """See Source.everything."""
        page = await self._views.page(self._selection, None, FIRST_PAGE)
        self._note_sent(page.documents)
        rows = await self._list.rows(self._views, page.documents, fresh=True)
        return [frame(self._list.plural, dumped({"items": rows}))]

    async def changes(self, changed: Changed) -> list[bytes]:
        """See Source.changes."""
        name = self._list.listing.name
        frames = []
        for document_id, (document, fields) in changed.items():
            if document is not None and self._selection.takes(document):
                [row] = await self._list.rows(self._views, [document], fresh=True)
                frames.append(frame(name, dumped(row), document.get("version")))
                self._note_sent([document])
            elif self._may_name(document_id, document) and self._selection.may_have_lost(document, fields):
                frames.append(frame("left", dumped({f"{name}_id": document_id})))
        return frames

    def _note_sent(self, documents: Sequence[Document]) -> None:
        if self._views.is_narrowed:
            self._sent.update(document["_id"] for document in documents)

    def _may_name(self, document_id: str, document: Document | None) -> bool:
        """Whether the caller may hear of a document that it is not shown: an owner hears of no other owner's, and of
        what is gone nobody can say whose it was."""
        if not self._views.is_narrowed or document_id in self._sent:
            return True
        return document is not None and self._own.takes(document)


class Pages:
    """The pages of what a request asks for; a cursor of one is good for the same request of the same caller alone."""

    def __init__(self, cursors: Cursors, request: Request, selection: Mapping[str, Any]) -> None:
        self._cursors = cursors
        self._request, caller = request, caller_of(request)
        self._bound_to = bound_to(selection, caller.key if caller.is_known else None)

    def after(self, cursor: str | None) -> Place | None:
        """The place after which the page begins, None for the first. Raises MalformedRequest."""
        return None if cursor is None else self._cursors.decode(cursor, self._bound_to)

    def answered(
        self,
        items: Sequence[Document],
        page: Page,
        views: Sequence[View],
        reach: Reach | None = None,
        more: Mapping[str, Any] = NOTHING,
    ) -> Response:
        """A page: its items, the cursor of the next in the body and as a Link, and `more` in the body."""
        following = None if page.last is None else self._cursors.encode(page.last, self._bound_to)
        headers = {}
        if following is not None:
            parameters = urlencode({**self._request.query_params, "cursor": following})
            headers["Link"] = f'<{self._request.url.path}?{parameters}>; rel="next"'
        body = dumped({"items": items, "next": following, **more})
        return answered(self._request, body, views, headers=headers, reach=reach)
