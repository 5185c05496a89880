"""A query in fewer steps, by how many documents have its words: the same documents with the same scores."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from tantivy import Searcher

from twinpath.searching.asking import Best, More, Most, Prefix, Query, Scored, Term
from twinpath.searching.entries import Field
from twinpath.searching.language import Language

FREQUENT = 5_000
"""Documents with a word; what has a rarer one costs little as it is."""
_FEW, _MOST_WORDS, _SHORTEST = 10, 100, 3
"""Words with one beginning that are looked for one by one, and that are looked at; letters of such a beginning."""
_STEMS = {
    Field.TITLE_PHRASE: Field.TITLE_STEMS,
    Field.REST_PHRASE: Field.REST_STEMS,
    Field.INTERNAL_PHRASE: Field.INTERNAL_STEMS,
}
_Covered = Mapping[tuple[Field, str], int]
"""Field of stems and stem -> documents that a better clause finds already."""


class Narrowing:
    """Of queries without typing errors to what a searcher sees."""

    def __init__(self, searcher: Searcher, language: Language) -> None:
        self._searcher = searcher
        self._language = language
        self._words, self._doc_freq = cache(self._look_up), cache(searcher.doc_freq)

    def hits(self, query: Query) -> int:
        """About how many documents fit at most; FREQUENT for a beginning of few letters."""
        match query:
            case More(inner, _) | Scored(inner, _):
                return self.hits(inner)
            case Most(queries, least):
                return sum(sorted(map(self.hits, queries))[: len(queries) - least + 1])
            case Best(queries):
                return max(map(self.hits, queries), default=0)
            case Prefix(field, begun) if field in _STEMS:
                return sum(self._words(field, begun).values()) if len(begun) >= _SHORTEST else FREQUENT
            case _:
                return 0

    def likely(self, query: Query) -> float:
        """About how many documents fit, if words stand together by chance."""
        match query:
            case More(inner, _):
                return self.likely(inner)
            case Best(queries):
                return max(map(self.likely, queries), default=0)
            case Most(queries, least):
                shares = (self.hits(query) / self._searcher.num_docs for query in queries)
                return self._searcher.num_docs * _chance(least, shares)
            case _:
                return self.hits(query)

    def documents(self, query: Query) -> int:
        """With a word, or with one that begins so, about; 0 for any other query."""
        return self._doc_freq(query.field, query.word) if isinstance(query, Term) else self.hits(query)

    def narrowed(self, query: Query) -> Query:
        """The query without clauses whose documents others find with higher scores."""
        match query:
            case More(inner, others):
                return More(self.narrowed(inner), others)
            case Most(queries, least):
                return self._most(sorted(queries, key=self.hits), least)
            case Best(queries):
                covered = dict(self._covered(queries))
                return Best(tuple(way for inner in queries for way in self._ways(inner, covered)))
            case _:
                return query

    def _most(self, queries: Sequence[Query], least: int) -> Query:
        """Where one may be lacking, what has the most frequent one and most others, or all others.

        Tantivy looks at each document of each of them otherwise.
        """
        *others, last = queries
        if least < 2 or least != len(others) or self.hits(last) < FREQUENT:
            return Most(tuple(map(self.narrowed, queries)), least)
        with_last = Most((self._most(others, least - 1), self.narrowed(last)), 2)
        return Best((with_last, Most(tuple(map(self.narrowed, others)), least)))

    def _covered(self, queries: Iterable[Query]) -> Iterable[tuple[tuple[Field, str], int]]:
        """A word as it was typed stands beside its beginnings, and has a higher score than they and its stem."""
        for query in queries:
            match query:
                case Scored(Prefix(field, word), _) if self._is_looked_up(field, word):
                    yield (_STEMS[field], self._language.stem(word)), self._words(field, word).get(word, 0)

    def _ways(self, query: Query, covered: _Covered) -> Iterable[Query]:
        match query:
            case Scored(Prefix(field, begun), score) if self._is_looked_up(field, begun):
                words = self._words(field, begun)
                if len(words) <= _FEW:
                    return (Scored(Term(field, word), score) for word in words if word != begun)
            case Scored(Term(field, word), _):
                if self.documents(query.query) == covered.get((field, word), 0):
                    return ()
        return (self.narrowed(query),)

    def _is_looked_up(self, field: Field, begun: str) -> bool:
        return field in _STEMS and len(begun) >= _SHORTEST

    def _look_up(self, field: Field, begun: str) -> dict[str, int]:
        """Words that begin so -> documents with them; of many words the most frequent."""
        return dict(self._searcher.terms_with_prefix(field, begun, limit=_MOST_WORDS))


def _chance(least: int, shares: Iterable[float]) -> float:
    """Of so many words in a document, each of which a share of all documents has."""
    exactly = [1.0]
    for share in shares:
        chance = min(1.0, share)
        without, with_it = [*exactly, 0.0], [0.0, *exactly]
        exactly = [a * (1 - chance) + b * chance for a, b in zip(without, with_it, strict=True)]
    return sum(exactly[least:])
