"""Facets: how often each value stands in what fits a query, and how many numbers lie between bounds."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from tantivy import Query, Searcher

from twinpath.searching.entries import Reading
from twinpath.searching.tantivy.schema import REVISION, facet_field, number_field

_MOST_VALUES = 20
_TOTAL = "all that fit"
_COUNT: dict[str, Any] = {_TOTAL: {"value_count": {"field": REVISION}}}


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

    def counted(
        self, searcher: Searcher, query: Query, total: int | None = None
    ) -> tuple[int, Mapping[str, list[tuple[str, int]]], Mapping[str, list[int]]]:
        """How many fit, which may be known; by facet the values, as JSON, and how often, and the number of documents
        between its bounds."""
        if total is not None and not self._asked:
            return total, {}, {}
        answer = searcher.aggregate(query, self._asked | (_COUNT if total is None else {}))
        counts = {path: [(b["key"], b["doc_count"]) for b in answer[path]["buckets"]] for path in self._search.counted}
        spans = {}
        for facet in self._search.ranges:
            buckets = answer[facet.name]["buckets"]  # none where the index has no segment
            spans[facet.name] = [bucket["doc_count"] for bucket in buckets] or [0] * (len(facet.bounds) + 1)
        return int(answer[_TOTAL]["value"]) if total is None else total, counts, spans
