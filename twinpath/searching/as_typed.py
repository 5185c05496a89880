"""What was typed without typing errors: asked first, since what is an error away costs most of a search.

Nor does it look for the beginnings of words that neighbours make when joined, which are many more than words. Of part
numbers that begin with letters it looks for the letters: `a` finds `AB-1` by `ab`, and not by `ab1` again.
"""

from dataclasses import dataclass

from twinpath.searching.asking import (
    NEXT_SCORE,
    SHORT_TITLES,
    WORD_SCORE,
    Asked,
    Best,
    More,
    Most,
    Prefix,
    Query,
    Scored,
    Typo,
)
from twinpath.searching.entries import Field
from twinpath.searching.words import has_digit

ENOUGH = 20
"""Documents that were found as it was typed: those with typing errors, which rank lower, are not looked for then."""


@dataclass(frozen=True, slots=True)
class AsTyped:
    """A query that costs a fraction, and the score of what has every word in its first text as it was typed."""

    query: Query
    full: int
    top: Query | None = None
    """What has all those words so, where nothing else can have more than `below`, with the points of short titles."""
    below: int = 0

    def suffices(self, total: int, best: float) -> bool:
        """Whether what was found, so many and the best with this score, is what was meant."""
        return total >= ENOUGH or best >= self.full


_PIECES = {
    Field.TITLE: Field.TITLE_PHRASE,
    Field.REST: Field.REST_PHRASE,
    Field.INTERNAL: Field.INTERNAL_PHRASE,
}
"""Words and joined words -> words alone."""


def as_typed(query: Query, asked: Asked) -> AsTyped | None:
    """The query without its typing errors; None where it forgives none."""
    strict = _strict(query)
    full = WORD_SCORE * (len(asked.different) + sum(len(pieces) for pieces in asked.phrases))
    if strict == query:
        return None
    if not _is_topped(strict, asked):
        return AsTyped(strict, full)
    return AsTyped(strict, full, _top(strict), full - WORD_SCORE + NEXT_SCORE + len(SHORT_TITLES))


def _is_topped(query: Query, asked: Asked) -> bool:
    """Whether only what has all words as they were typed scores by their order, and no word says little."""
    plain = all(len(word.ways) == len(word.ways[0].pieces) == 1 for word in asked.words)
    return plain and not asked.phrases and isinstance(query, More) and not any(map(_is_word, query.others))


def _is_word(query: Query) -> bool:
    return isinstance(query, Best)


def _top(query: Query) -> Query:
    match query:
        case Best(queries):
            return Best(tuple(_top(way) for way in queries if not isinstance(way, Scored) or way.score >= WORD_SCORE))
        case Most(queries, _):
            return Most(tuple(map(_top, queries)), len(queries))
        case More(inner, others):
            return More(_top(inner), others)
        case _:
            return query


def _strict(query: Query) -> Query:
    match query:
        case Best(queries):
            ways = (way for way in queries if not (isinstance(way, Scored) and isinstance(way.query, Typo)))
            return Best(tuple(map(_strict, ways)))
        case Prefix(field, word):
            return Prefix(_PIECES.get(field, field), word, digits=field is not Field.CODES or has_digit(word))
        case Scored(inner, score):
            return Scored(_strict(inner), score)
        case Most(queries, least):
            return Most(tuple(map(_strict, queries)), least)
        case More(inner, others):
            return More(_strict(inner), tuple(map(_strict, others)))
        case _:
            return query
