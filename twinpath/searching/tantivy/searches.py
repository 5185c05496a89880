"""A search of an index: what was typed first, then with typing errors; the best of what fits, and how much does."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from tantivy import Query, Searcher

from twinpath.searching import asking
from twinpath.searching.as_typed import ENOUGH, AsTyped
from twinpath.searching.entries import Reading
from twinpath.searching.interface import Hits, Search
from twinpath.searching.tantivy.counting import Counted, Counting
from twinpath.searching.tantivy.fitting import fitting
from twinpath.searching.tantivy.narrowing import FREQUENT, Narrowing
from twinpath.searching.tantivy.queries import Queries
from twinpath.searching.tantivy.ranking import Ranked, ids_of, ranked
from twinpath.searching.tantivy.tiers import Tiers

_MANY = 1_000
"""Hits that are counted beside their ranking; of few, which the ranking finds, less is to be done afterwards."""


class Searches:
    """Carries out searches of a view; the facets of many hits are counted by a thread beside, if that is free."""

    def __init__(self, reading: Reading, queries: Queries) -> None:
        self._queries = queries
        self._language = reading.language
        self._counting = Counting(reading)
        self._beside = ThreadPoolExecutor(1, "facets")

    def search(self, searcher: Searcher, search: Search) -> Hits:
        """See SearchIndex.search."""
        if (typed := search.as_typed) is not None:
            narrowing = Narrowing(searcher, self._language)
            query = narrowing.narrowed(typed.query)
            many = search.facets and narrowing.hits(typed.query) >= FREQUENT
            beside = many and narrowing.likely(typed.query) >= _MANY
            counting = self._beside.submit(self._counted, searcher, search, query) if beside else None
            tiers = Tiers(searcher, narrowing) if many else None
            top = self._top(searcher, search, typed, tiers) if tiers else None
            best = top or self._ranked(searcher, search, query, tiers)
            if best is top or typed.suffices(best.total, best.best):
                return self._hits(searcher, search, query, best, counting)
            if counting is not None:
                counting.cancel()  # nobody wants these facets
        counting = self._beside.submit(self._counted, searcher, search, search.query) if search.facets else None
        return self._hits(searcher, search, search.query, self._ranked(searcher, search, search.query), counting)

    def _hits(
        self,
        searcher: Searcher,
        search: Search,
        query: asking.Query,
        best: Ranked,
        counting: Future[Counted] | None = None,
    ) -> Hits:
        if not search.facets:
            return Hits(best.places, best.total)
        if counting is not None and not counting.cancel():
            return Hits(best.places, *counting.result())
        if counting is not None or best.everything is None:
            return Hits(best.places, *self._counted(searcher, search, query))
        these = self._queries.these(ids_of(searcher, best.everything))
        return Hits(best.places, *self._counting.counted(searcher, these))

    def _top(self, searcher: Searcher, search: Search, typed: AsTyped, tiers: Tiers) -> Ranked | None:
        """A page of what has all words as they were typed; None where that is not known to be a page of everything."""
        if typed.top is None:
            return None
        best = self._ranked(searcher, search, typed.top, tiers)
        is_whole_page = len(best.places) == search.limit and best.places[-1][0] > typed.below
        return replace(best, everything=None) if is_whole_page else None

    def _ranked(self, searcher: Searcher, search: Search, query: asking.Query, tiers: Tiers | None = None) -> Ranked:
        """The best; of those of tiers, a page that nothing else can be on, the total is not known."""
        if tiers is not None and (first := tiers.first(query, search.limit)) is not None:
            within = self._within(first.query, search)
            best = ranked(searcher, within, first.query, search.after, search.limit, first.beyond)
            if len(best.places) == search.limit and best.total >= ENOUGH:
                return best
        return ranked(searcher, self._within(query, search), query, search.after, search.limit)

    def _counted(self, searcher: Searcher, search: Search, query: asking.Query) -> Counted:
        return self._counting.counted(searcher, self._within(fitting(query), search))

    def _within(self, query: asking.Query, search: Search) -> Query:
        return self._queries.within(query, search.where, search.ranges)
