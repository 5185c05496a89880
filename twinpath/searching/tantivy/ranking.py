"""The best documents of a query, in their order.

Tantivy orders by a product of score and weight, see the schema, which is nearly that order: of what it gives first only
so much is taken as nothing that it did not give can come before.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

from tantivy import DocAddress, Query, Searcher

from twinpath.domain.views import Place
from twinpath.searching import asking
from twinpath.searching.interface import FARTHEST
from twinpath.searching.tantivy.schema import ID, TIE, WEIGHT, first_unseen, score_of
from twinpath.searching.tantivy.scores import possible_scores
from twinpath.searching.ties import tie_of

_FIRST_HITS, _HITS_AFTER, _MORE = 200, 1_000, 10
"""Asked for first, for the first page and for those after it; how many times as many are asked for next."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Some documents of a query; how many fit it, the best score, and all that fit, unless those are many."""

    places: list[Place]
    total: int
    best: int
    everything: list[DocAddress] | None


def ranked(
    searcher: Searcher,
    query: Query,
    asked: asking.Query,
    after: Place | None,
    limit: int,
    beyond: tuple[int, int] | None = None,
) -> Ranked:
    """At most so many after a place; the query is what was asked within the search's bounds.

    Of a query for what may be first, those alone that come before all that is `beyond`.
    """
    most = min(FARTHEST, max(_FIRST_HITS if after is None else _HITS_AFTER, 2 * limit))
    while True:
        result: Any = searcher.search(query, most, weight_by_field=WEIGHT)  # whose types lack the count
        shown = result.hits  # which are made anew each time
        scores = _scores(searcher, shown)
        addresses = [address for _, address in shown]
        ties = searcher.fast_field_values(TIE, addresses)
        hits: Iterator[Any] = zip([-score for score in scores], ties, range(len(scores)), strict=True)
        if after is not None:
            place = (-after[0], tie_of(after[1]))
            hits = (hit for hit in hits if hit[:2] > place)
        cut = len(shown) == most < FARTHEST
        if cut:
            unseen = first_unseen(shown[-1][0], possible_scores(asked))
            hits = (hit for hit in hits if hit[:2] < unseen)
        if beyond is not None:
            hits = (hit for hit in hits if hit[:2] < beyond)
        first = nsmallest(limit, hits)
        if len(first) == limit or not cut:
            ids = ids_of(searcher, [addresses[at] for _, _, at in first])
            places = [(-score, id_) for (score, _, _), id_ in zip(first, ids, strict=True)]
            everything = None if beyond or result.count > _FIRST_HITS else addresses
            return Ranked(places, result.count, max(scores, default=0), everything)
        most = min(FARTHEST, most * _MORE)


def _scores(searcher: Searcher, hits: Sequence[tuple[float, DocAddress]]) -> list[int]:
    weights: Iterable[Any] = searcher.fast_field_values(WEIGHT, [address for _, address in hits])
    return [score_of(score, weight or 0) for (score, _), weight in zip(hits, weights, strict=True)]


def ids_of(searcher: Searcher, addresses: Iterable[DocAddress]) -> list[str]:
    """Those of the documents there."""
    return [str(searcher.doc(address).get_first(ID)) for address in addresses]
