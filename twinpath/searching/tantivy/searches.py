"""A search of an index: what was typed first, then with typing errors; the best of what fits, and how much does."""

from tantivy import Query, Searcher

from twinpath.domain.views import Place
from twinpath.searching import asking
from twinpath.searching.as_typed import AsTyped
from twinpath.searching.entries import Field, Reading
from twinpath.searching.interface import Hits, Search
from twinpath.searching.tantivy.counting import Counting
from twinpath.searching.tantivy.fitting import fitting
from twinpath.searching.tantivy.queries import Queries
from twinpath.searching.tantivy.ranking import Ranked, ids_of, ranked

_FREQUENT = 5_000
"""Documents with a word: of those that have all words in their first text the best are looked for by these alone."""


class Searches:
    """Carries out searches of a view."""

    def __init__(self, reading: Reading, queries: Queries) -> None:
        self._queries = queries
        self._counting = Counting(reading)

    def search(self, searcher: Searcher, search: Search) -> Hits:
        """See SearchIndex.search."""
        typed = search.as_typed
        if typed is not None and search.facets and (places := self._top(searcher, search, typed)) is not None:
            return Hits(places, *self._counting.counted(searcher, self._within(fitting(typed.query), search)))
        query, best = self._ranked(searcher, search)
        if not search.facets:
            return Hits(best.places, best.total)
        if best.everything is None:
            counting = self._within(fitting(query), search)
        else:
            counting = self._queries.these(ids_of(searcher, best.everything))
        return Hits(best.places, *self._counting.counted(searcher, counting, best.total))

    def _ranked(self, searcher: Searcher, search: Search) -> tuple[asking.Query, Ranked]:
        """The query that counts, and the best that fits it."""

        def best_of(query: asking.Query) -> Ranked:
            return ranked(searcher, self._within(query, search), query, search.after, search.limit)

        if (typed := search.as_typed) is not None:
            first = best_of(typed.query)
            if typed.suffices(first.total, first.best):
                return typed.query, first
        return search.query, best_of(search.query)

    def _top(self, searcher: Searcher, search: Search, typed: AsTyped) -> list[Place] | None:
        """A page of what has all words as they were typed; None where that is not known to be a page of everything."""
        if typed.top is None or min(searcher.doc_freq(Field.TITLE, word) for word in typed.words) < _FREQUENT:
            return None
        within = self._within(typed.top, search)
        places = ranked(searcher, within, typed.top, search.after, search.limit).places
        return places if len(places) == search.limit and places[-1][0] > typed.below else None

    def _within(self, query: asking.Query, search: Search) -> Query:
        return self._queries.within(query, search.where, search.ranges)
