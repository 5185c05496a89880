"""A query without its scores: the same documents by fewer clauses, for what only counts them."""

from collections.abc import Iterable

from twinpath.searching.asking import Best, More, Most, Prefix, Query, Scored, Term, Typo


def fitting(query: Query) -> Query:
    """The query as far as it decides which documents fit."""
    match query:
        case More(inner, _) | Scored(inner, _):
            return fitting(inner)
        case Most(queries, least):
            return Most(tuple(map(fitting, queries)), least)
        case Best(queries):
            return _any_of(way for inner in queries for way in _ways(fitting(inner)))
        case _:
            return query


def _ways(query: Query) -> tuple[Query, ...]:
    return query.queries if isinstance(query, Best) else (query,)


def _any_of(queries: Iterable[Query]) -> Query:
    different = dict.fromkeys(queries)
    wide = [query for query in different if isinstance(query, Prefix | Typo)]
    needed = tuple(query for query in different if not any(_has_all_of(other, query) for other in wide))
    return needed[0] if len(needed) == 1 else Best(needed)


def _has_all_of(wide: Prefix | Typo, query: Query) -> bool:
    """Whether whatever fits the query fits this other one, which is wider."""
    match wide, query:
        case Prefix(field, begun, True), Term(other, word) | Prefix(other, word, _):
            return field == other and word.startswith(begun) and query != wide
        case Typo(field, meant, _), Term(other, word):
            return field == other and word == meant
        case _:
            return False
