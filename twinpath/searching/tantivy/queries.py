"""Queries and filters as Tantivy carries them out."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from tantivy import FieldType, Occur, Query, Schema

from twinpath.domain.views import Range
from twinpath.searching import asking
from twinpath.searching.asking import Best, More, Most, Phrase, Prefix, Scored, Short, Term, Typo
from twinpath.searching.entries import Field, fact
from twinpath.searching.tantivy.schema import ID, number_field

_KEPT = 200
"""Patterns, which take 0.3 ms to make: a search asks for each several times."""


class Queries:
    """Makes queries for a schema; `numbers` are the paths of its numbers."""

    def __init__(self, schema: Schema, numbers: Sequence[str]) -> None:
        self._schema = schema
        self._numbers = {path: number_field(number) for number, path in enumerate(numbers)}
        self._letters = lru_cache(_KEPT)(self._make_letters)

    def within(self, query: asking.Query, where: Mapping[str, Any], ranges: Mapping[str, Range]) -> Query:
        """The query within these bounds, which add nothing to a score."""
        bounds = [self._equal(path, value) for path, value in where.items()]
        bounds += [self._between(path, *bound) for path, bound in ranges.items()]
        parts = [(Occur.Must, self._query(query))]
        parts += [(Occur.Must, Query.const_score_query(bound, 0.0)) for bound in bounds]
        return Query.boolean_query(parts)

    def these(self, ids: Sequence[str]) -> Query:
        """The documents of these ids, which are looked up much faster than what found them."""
        return Query.term_set_query(self._schema, ID, ids)

    def _equal(self, path: str, value: Any) -> Query:
        if path in self._numbers:
            return self._between(path, value, value)
        return Query.term_query(self._schema, Field.FACTS, fact(path, value))

    def _between(self, path: str, least: float | None, most: float | None) -> Query:
        if least is None and most is None:
            return Query.all_query()
        lower, upper = (None if bound is None else float(bound) for bound in (least, most))
        return Query.range_query(self._schema, self._numbers[path], FieldType.Float, lower, upper)

    def _make_letters(self, field: Field, word: str) -> Query:
        return Query.regex_query(self._schema, field, f"{re.escape(word)}[^0-9]*")

    def _query(self, query: asking.Query) -> Query:
        schema = self._schema
        match query:
            case Term(field, word):
                return Query.term_query(schema, field, word)
            case Prefix(field, word, digits):
                if not digits:
                    return self._letters(field, word)
                return Query.fuzzy_term_query(schema, field, word, 0, True, True)
            case Typo(field, word, edits):
                return Query.fuzzy_term_query(schema, field, word, edits, True, False)
            case Phrase(field, pieces):
                return Query.phrase_query(schema, field, list(pieces))
            case Scored(inner, score):
                return Query.const_score_query(self._query(inner), float(score))
            case Best(queries):
                return Query.disjunction_max_query([self._query(inner) for inner in queries])
            case Most(queries, least):
                parts = [(Occur.Should, self._query(inner)) for inner in queries]
                return Query.boolean_query(parts, minimum_number_should_match=least)
            case More(inner, others):
                added = [(Occur.Should, self._query(other)) for other in others if not _is_short(other)]
                parts = [(Occur.Must, self._query(inner))]
                return Query.boolean_query([*parts, *added])
            case Short():
                return Query.empty_query()  # see WEIGHT in the schema


def _is_short(query: asking.Query) -> bool:
    return isinstance(query, Short) or (isinstance(query, Scored) and _is_short(query.query))
