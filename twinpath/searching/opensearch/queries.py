"""Queries and filters as OpenSearch takes them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from twinpath.domain.views import Range
from twinpath.searching import asking
from twinpath.searching.as_typed import AsTyped
from twinpath.searching.asking import Best, More, Most, Phrase, Prefix, Scored, Short, Term, Typo
from twinpath.searching.entries import LENGTH, Field, Reading, fact
from twinpath.searching.interface import Hits, Search
from twinpath.searching.opensearch.mapping import ID, REMOVED, TIE, facet_field, number_field
from twinpath.searching.ties import tie_of

_MOST_VALUES = 20
_MOST_CLAUSES = 900
"""Of a query; servers refuse more than 1,024 with those of its filters."""

Json = dict[str, Any]


def request_of(search: Search, reading: Reading) -> Json:
    """The body of a search."""
    numbers = {path: number_field(number) for number, path in enumerate(reading.numbers)}
    bounds: list[Json] = [{"term": {REMOVED: False}}]
    bounds += [_equal(path, value, numbers) for path, value in search.where.items()]
    bounds += [_between(numbers[path], bound) for path, bound in search.ranges.items()]
    body: Json = {
        "query": {"bool": {"must": [_query(_taken(search.query))], "filter": bounds}},
        "sort": [{"_score": "desc"}, {TIE: "asc"}, {ID: "asc"}],
        "size": search.limit,
        "track_total_hits": True,
        "_source": False,
    }
    if search.after is not None:
        body["search_after"] = [search.after[0], tie_of(search.after[1]), search.after[1]]
    if search.facets:
        body["aggs"] = _facets(reading, numbers)
    return body


def requests_of(search: Search, reading: Reading) -> list[Json]:
    """The body of a search, and, for a later page, that of the first hit alone."""
    first = replace(search, after=None, limit=1, facets=False)
    return [request_of(asked, reading) for asked in ((search,) if search.after is None else (search, first))]


def suffices(typed: AsTyped, page: Mapping[str, Any], first: Mapping[str, Any] | None = None) -> bool:
    """Whether the answers to these requests do."""
    best = max((hit["sort"][0] for hit in (first or page)["hits"]["hits"][:1]), default=0)
    return typed.suffices(page["hits"]["total"]["value"], best)


def hits_of(answer: Mapping[str, Any], reading: Reading) -> Hits:
    """What the answer to such a request says."""
    places = [(hit["sort"][0], hit["_id"]) for hit in answer["hits"]["hits"]]
    buckets = {name: facet["buckets"] for name, facet in answer.get("aggregations", {}).items()}
    counted = [path for path in reading.search.counted if path in buckets]
    counts = {path: [(bucket["key"], bucket["doc_count"]) for bucket in buckets[path]] for path in counted}
    ranges = [facet.name for facet in reading.search.ranges if facet.name in buckets]
    spans = {name: [bucket["doc_count"] for bucket in buckets[name]] for name in ranges}
    return Hits(places, answer["hits"]["total"]["value"], counts, spans)


def _equal(path: str, value: Any, numbers: Mapping[str, str]) -> Json:
    return (
        _between(numbers[path], (value, value)) if path in numbers else {"term": {Field.FACTS.value: fact(path, value)}}
    )


def _between(field: str, bounds: Range) -> Json:
    named = zip(("gte", "lte"), bounds, strict=True)
    limits = {name: bound for name, bound in named if bound is not None}
    return {"range": {field: limits}} if limits else {"match_all": {}}


def _facets(reading: Reading, numbers: Mapping[str, str]) -> Json:
    facets: Json = {
        path: {"terms": {"field": facet_field(number), "size": _MOST_VALUES}}
        for number, path in enumerate(reading.search.counted)
    }
    for facet in reading.search.ranges:
        bounds = [bound * facet.scale for bound in facet.bounds]
        edges = [{"to": bounds[0]}, *({"from": a, "to": b} for a, b in pairwise(bounds)), {"from": bounds[-1]}]
        facets[facet.name] = {"range": {"field": numbers[facet.number], "ranges": edges}}
    return facets


def _query(query: asking.Query) -> Json:
    match query:
        case Term(field, word):
            return {"term": {field.value: {"value": word}}}
        case Prefix(field, word, digits):
            if not digits:
                return {"regexp": {field.value: {"value": f"{re.escape(word)}[^0-9]*"}}}
            return {"prefix": {field.value: {"value": word}}}
        case Typo(field, word, edits):
            return {"fuzzy": {field.value: {"value": word, "fuzziness": edits, "rewrite": "constant_score"}}}
        case Phrase(field, pieces):
            return {"match_phrase": {field.value: " ".join(pieces)}}
        case Short(pieces):
            return {"range": {LENGTH: {"lte": pieces}}}
        case Scored(inner, score):
            return {"constant_score": {"filter": _query(inner), "boost": score}}
        case Best(queries):
            return {"dis_max": {"queries": _all(queries)}}
        case Most(queries, least):
            return {"bool": {"should": _all(queries), "minimum_should_match": least}}
        case More(inner, others):
            return {"bool": {"must": [_query(inner)], "should": _all(others)}}


def _all(queries: Sequence[asking.Query]) -> list[Json]:
    return [_query(query) for query in queries]


def _taken(query: asking.Query) -> asking.Query:
    """The query, or, where it has too many clauses, with fewer ways in which each word may be found: the best stay."""
    most = _MOST_CLAUSES
    taken = query
    while most > 1 and _clauses(taken) > _MOST_CLAUSES:
        most //= 2
        taken = _with_best(query, most)
    return taken


def _clauses(query: asking.Query) -> int:
    match query:
        case Scored(inner, _):
            return _clauses(inner)
        case Best(queries) | Most(queries, _):
            return sum(map(_clauses, queries))
        case More(inner, others):
            return _clauses(inner) + sum(map(_clauses, others))
        case Phrase(_, pieces):
            return len(pieces)
        case _:
            return 1


def _with_best(query: asking.Query, most: int) -> asking.Query:
    match query:
        case Best(queries):
            ordered = sorted(queries, key=lambda way: -way.score if isinstance(way, Scored) else 0)
            return Best(tuple(_with_best(way, most) for way in ordered[:most]))
        case Scored(inner, score):
            return Scored(_with_best(inner, most), score)
        case Most(queries, least):
            return Most(tuple(_with_best(inner, most) for inner in queries), least)
        case More(inner, others):
            return More(_with_best(inner, most), tuple(_with_best(other, most) for other in others))
        case _:
            return query
