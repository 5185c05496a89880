"""Search: `GET <path>/search`, made of what a resource's view declares as searchable."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import GenericAlias
from typing import Annotated, Any

import orjson
from fastapi import Request, Response
from pydantic import AfterValidator, BaseModel, Field, create_model

from twinpath.domain.resource import Listing, Resource
from twinpath.domain.text import case_folded
from twinpath.domain.views import Document, View, shown_fields
from twinpath.http.causal_token import parse_token
from twinpath.http.documents.problems import Codes
from twinpath.http.headers import joined_header
from twinpath.queries.endpoints import describing
from twinpath.queries.endpoints.answering import TOKEN_HEADERS, Queries
from twinpath.queries.endpoints.lists import Pages
from twinpath.queries.endpoints.models import PageOf, shown_model
from twinpath.queries.endpoints.parameters import filters_of, page_of, selection_of
from twinpath.queries.endpoints.routes import Routes, in_query
from twinpath.queries.reading.reach import Reach
from twinpath.queries.reading.views import Page, Selection, ViewQueries
from twinpath.searching.as_typed import as_typed
from twinpath.searching.asking import LONGEST_QUERY, asked, query_of
from twinpath.searching.entries import Reading, texts
from twinpath.searching.interface import Hits, Search
from twinpath.searching.language import Language
from twinpath.searching.marking import Marker

_CODES: Codes = {503: ("search_unavailable",)}
_DESCRIPTION = """What has the words of `q` in any order, the best first: an exact number or name of a thing, then whole
words, other endings, beginnings, and words with a typing error or two; numbers are taken as they are typed. `"in
quotes"` is a phrase. `highlights` has each field that fits, as HTML with `<mark>`. `total`, `facets` and `suggestions`
are of everything that fits, and come with the first page. `current` is false while the index trails."""


def _searchable(text: str) -> str:
    asked(text)
    return text


class FacetValue(BaseModel):
    """How many of what fits have a `value`, or a number from `at_least` on and `below`."""

    value: str | bool | int | float | None = None
    at_least: float | None = None
    below: float | None = None
    count: int


class Facet(BaseModel):
    """The values of a field and how often they are there, the most frequent first, or numbers between bounds."""

    name: str
    values: list[FacetValue]


class Highlighted(BaseModel):
    """Why an item was found: field -> a part of its text, as HTML."""

    highlights: dict[str, str]


class Searched(BaseModel):
    """A page of what fits; `next` is the cursor of the page after it, null on the last."""

    next: str | None
    total: int | None
    current: bool
    facets: list[Facet]
    suggestions: list[str]


def searched_view(resource: Resource) -> View | None:
    """The view that a resource is searched in: its document's, or else that of its list."""
    listing = resource.listing
    views = [resource.document] if listing is None else [resource.document, listing.view]
    return next((view for view in views if view.search is not None), None)


def add_search(routes: Routes, resource: Resource, language: Language) -> None:
    """Add `GET <path>/search` where the resource's view is declared to be searched."""
    view, listing = searched_view(resource), resource.listing
    if view is None or listing is None:
        return
    plural = resource.path[1:]
    row = shown_model(listing.rows, listing.join)
    endpoint = _Search(listing, row, Reading(view, language), language)
    item = create_model(f"{row.__name__}Found", __base__=(row, Highlighted), __doc__=row.__doc__)
    items: Any = GenericAlias(list, (item,))
    model = create_model(f"{listing.name.title()}Search", __base__=Searched, __doc__=PageOf.__doc__, items=(items, ...))
    routes.get(
        f"{resource.path}/search",
        endpoint.answer,
        {"query": in_query(endpoint.parameters)},
        f"search_{plural}",
        resource.allow,
        summary=f"Search {plural}",
        description=_DESCRIPTION,
        **describing.query(model, _example(listing, view), describing.PAGED, _CODES),
    )


def _example(listing: Listing, view: View) -> dict[str, Any]:
    item = {**listing.example, "highlights": {}}
    return {"items": [item], "next": describing.NEXT, "total": 1, "current": True, "facets": [], "suggestions": []}


class _Search:
    """Answers for the searches of a resource: the index names documents, which are read from the views themselves."""

    def __init__(self, listing: Listing, row: type[BaseModel], reading: Reading, language: Language) -> None:
        self._listing = listing
        self._fields = frozenset(row.model_fields)
        self._reading = reading
        self._language = language
        self._shown = shown_fields(listing.rows)
        names = tuple(name for name in listing.view.filters if name in reading.paths)
        filters = filters_of(listing, names=names)
        text = Annotated[str, AfterValidator(_searchable), Field(max_length=LONGEST_QUERY, examples=["desk lamp"])]
        self.parameters = create_model(f"{filters.__name__}Search", __base__=page_of(filters), q=(text, ...))
        joined = () if listing.join is None else (listing.join.view,)
        self._needed = tuple(dict.fromkeys((reading.view, listing.view, *joined)))

    async def answer(self, request: Request, query: Any) -> Response:
        """A page of what fits, once the views and the index have reached the causal token."""
        queries, view, what = Queries.for_request(request), self._reading.view, asked(query.q)
        listed = queries.views.narrowed(selection_of(self._listing.view, query, {}))
        selection = queries.views.narrowed(Selection(view, listed.where, ranges=listed.ranges))
        pages = Pages(queries.cursors, request, {**selection.identity, "q": query.q})
        after = pages.after(query.cursor)
        fresh = await queries.token_seen(request, *self._needed)
        token = parse_token(joined_header(request.scope, *TOKEN_HEADERS) or "") if fresh else {}
        wanted = query_of(what, self._language, self._reading.has_internal and not queries.views.is_narrowed)
        where, ranges = selection.where, selection.ranges
        search = Search(wanted, query.limit + 1, where, ranges, after, after is None, as_typed(wanted, what))
        answer = await queries.searches.search(view, search, token)
        reach = queries.reach()
        reach.copy(view.name, answer.seen)
        places = answer.hits.places
        last = places[query.limit - 1] if len(places) > query.limit else None
        ids = [document_id for _, document_id in places[: query.limit]]
        documents, rows = await self._read(queries.views, ids, fresh, reach)
        shown = self._shown_to(queries.views)
        marker = Marker(what, self._language)
        items = [{**row, "highlights": self._highlights(marker, documents[id_], shown)} for id_, row in rows.items()]
        more = {
            "total": None if after else answer.hits.total,
            "current": answer.current,
            "facets": self._facets(answer.hits, shown) if after is None else [],
            "suggestions": marker.suggestions(self._suggesting(documents.values())) if after is None else [],
        }
        return pages.answered(items, Page((), last), self._needed, reach, more)

    def _shown_to(self, views: ViewQueries) -> Callable[[str], bool]:
        """Whether a caller is shown what a path leads to."""
        internal = {*self._reading.view.internal, *self._listing.view.internal} if views.is_narrowed else ()
        return lambda path: path.partition(".")[0] not in internal

    async def _read(
        self, views: ViewQueries, ids: Sequence[str], fresh: bool, reach: Reach
    ) -> tuple[Mapping[str, Document], Mapping[str, dict[str, Any]]]:
        """The documents in the order of the ids, as far as they may be shown, and what is shown of each; what is gone
        by now is left out."""
        view, listed = self._reading.view, self._listing.view
        own = views.narrowed(Selection(view))
        reach.view(view.name, listed.name)
        read = {document["_id"]: document for document in await views.several(view.name, ids) if own.takes(document)}
        rows = read
        if listed is not view:
            rows = {row["_id"]: row for row in await views.several(listed.name, ids)}
        there = [id_ for id_ in ids if id_ in read and id_ in rows]
        shown = await views.rows(listed, [rows[i] for i in there], self._whole, self._listing.join, fresh, reach)
        whole = dict(zip(there, shown, strict=True))
        items = {id_: {name: row[name] for name in row if name in self._fields} for id_, row in whole.items()}
        return whole if listed is view else {id_: read[id_] for id_ in there}, items

    def _whole(self, document: Document) -> dict[str, Any]:
        """All of a document, since what is joined may hide a part that would be highlighted."""
        return {**self._shown(document), **document}

    def _highlights(self, marker: Marker, document: Document, shown: Callable[[str], bool]) -> dict[str, str]:
        search = self._reading.search
        paths = filter(shown, (*search.text, *search.exact))
        marks = ((path, marker.marked(text)) for path in paths for text in texts(document, path))
        highlights: dict[str, str] = {}
        for path, mark in marks:
            if mark is not None:
                highlights.setdefault(path, mark)
        return highlights

    def _suggesting(self, documents: Any) -> list[str]:
        return [
            text for document in documents for path in self._reading.search.suggest for text in texts(document, path)
        ]

    def _facets(self, hits: Hits, shown: Callable[[str], bool]) -> list[dict[str, Any]]:
        search = self._reading.search
        facets: list[dict[str, Any]] = [
            {"name": path, "values": facet_values(hits.counts[path], alike=path in search.alike)}
            for path in search.counted
            if shown(path)
        ]
        for facet in (facet for facet in search.ranges if shown(facet.number)):
            edges = pairwise((None, *facet.bounds, None))
            counts = zip(edges, hits.spans[facet.name], strict=True)
            spans = [{"at_least": least, "below": below, "count": n} for (least, below), n in counts]
            facets.append({"name": facet.name, "values": spans})
        return facets


def facet_values(counts: Sequence[tuple[str, int]], alike: bool) -> list[dict[str, Any]]:
    """The most frequent values first; each of those that are `alike` once, as it is written most often."""
    merged: dict[Any, tuple[Any, int]] = {}
    for text, count in sorted(counts, key=lambda counted: (-counted[1], counted[0])):
        value = orjson.loads(text)
        key = case_folded(value) if alike and isinstance(value, str) else text
        spelling, before = merged.get(key, (value, 0))
        merged[key] = (spelling, before + count)
    return [{"value": value, "count": count} for value, count in sorted(merged.values(), key=lambda shown: -shown[1])]
