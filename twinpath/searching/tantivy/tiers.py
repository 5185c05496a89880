"""The first documents of a query for a frequent word, without a look at every document that has it.

Of documents with equal scores those of short titles come first, then those of low ties: an order that no query changes.
Tiers are what comes first in it. A frequent word is looked for in the first tiers alone, rarer ones everywhere.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tantivy import Searcher

from twinpath.searching.asking import Best, More, Most, Query, Scored, Term
from twinpath.searching.entries import Field
from twinpath.searching.tantivy.narrowing import FREQUENT, Narrowing
from twinpath.searching.tantivy.schema import TIER, first_below

_WANTED, _SHARE = 10, 1 / 8
"""Documents to expect in tiers for each that is shown; the part of all documents that tiers may have."""


@dataclass(frozen=True, slots=True)
class First:
    """A query for what may be first: whatever it leaves out, or gives a lower score, comes at `beyond` or later."""

    query: Query
    beyond: tuple[int, int]


class Tiers:
    """Of what a searcher sees."""

    def __init__(self, searcher: Searcher, narrowing: Narrowing) -> None:
        self._searcher = searcher
        self._narrowing = narrowing

    def first(self, query: Query, limit: int) -> First | None:
        """What may be among the first so many of a query for one word; None where all documents are to be looked at."""
        match query:
            case More(Best(ways), others):
                frequent = self._frequent(ways)
                tiers = self._tiers(_WANTED * limit / max(frequent.values())) if frequent else []
                return _among(tiers, ways, others, frequent, self._frequent(others)) if tiers else None
        return None

    def _frequent(self, queries: Collection[Query]) -> dict[Scored, int]:
        """Those for many documents, and for how many."""
        scored = (query for query in queries if isinstance(query, Scored))
        counted = ((query, self._narrowing.documents(query.query)) for query in scored)
        return {query: documents for query, documents in counted if documents >= FREQUENT}

    def _tiers(self, share: float) -> list[str]:
        """The first ones, which have this share of all documents; none where that is a large part."""
        tiers, documents = list[str](), 0
        there = dict(self._searcher.terms_with_prefix(Field.FACTS, TIER))
        for tier in sorted(there, reverse=True):
            tiers.append(tier)
            documents += there[tier]
            if documents >= share * self._searcher.num_docs:
                break
        return tiers if documents <= _SHARE * self._searcher.num_docs else []


def _among(
    tiers: list[str],
    ways: Collection[Query],
    others: Collection[Query],
    frequent: Mapping[Scored, int],
    adding: Mapping[Scored, int],
) -> First:
    """Whatever is in none of the tiers is found by frequent words alone, or by rare ones with its full score."""
    rare = (other for other in others if other not in adding)
    among = Best((*(Term(Field.FACTS, tier) for tier in tiers), *rare))

    def within(way: Query) -> Query:
        return Scored(Most((way.query, among), 2), way.score) if isinstance(way, Scored) and way in frequent else way

    score = max(way.score for way in frequent) + sum(other.score for other in adding)
    return First(More(Best(tuple(map(within, ways))), tuple(others)), first_below(tiers[-1], score))
