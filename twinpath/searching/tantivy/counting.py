"""Facets: how often each value stands in what fits a query, and how many numbers lie between bounds."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from tantivy import Query, Searcher

from twinpath.searching.entries import Reading
from twinpath.searching.tantivy.schema import facet_field, number_field

_MOST_VALUES = 20
_TOTAL = "all that fit"
_COUNT = {_TOTAL: {"filter": "*"}}
Counted = tuple[int, Mapping[str, list[tuple[str, int]]], Mapping[str, list[int]]]
"""How many fit; by facet the values, as JSON, and how often; the number of documents between its bounds."""


class Counting:
    """Counts what a view declares."""

    def __init__(self, reading: Reading) -> None:
        self._search = reading.search
        self._asked: dict[str, Any] = {
            path: {"terms": {"field": facet_field(number), "size": _MOST_VALUES}}
            for number, path in enumerate(reading.search.counted)
        }
        for facet in reading.search.ranges:
            bounds = [float(bound * facet.scale) for bound in facet.bounds]
            edges = [{"to": bounds[0]}, *({"from": a, "to": b} for a, b in pairwise(bounds)), {"from": bounds[-1]}]
            field = number_field(reading.numbers.index(facet.number))
            self._asked[facet.name] = {"range": {"field": field, "ranges": edges}}

    def counted(self, searcher: Searcher, query: Query) -> Counted:
        """What fits, counted."""
        answer = searcher.aggregate(query, self._asked | _COUNT)
        counts = {path: [(b["key"], b["doc_count"]) for b in answer[path]["buckets"]] for path in self._search.counted}
        spans = {}
        for facet in self._search.ranges:
            buckets = answer[facet.name]["buckets"]  # none where the index has no segment
            spans[facet.name] = [bucket["doc_count"] for bucket in buckets] or [0] * (len(facet.bounds) + 1)
        return int(answer[_TOTAL]["doc_count"]), counts, spans
