"""The scores that documents may have in a query, which tell how good those can be that a search did not show."""

from collections.abc import Iterator

from twinpath.searching.asking import Best, More, Most, Query, Scored, Short


def possible_scores(query: Query) -> Iterator[int]:
    """Every score above zero without the points of short titles, the highest first."""
    scores = _set_of(query)
    while scores > 1:
        score = scores.bit_length() - 1
        yield score
        scores ^= 1 << score


def _set_of(query: Query) -> int:
    """A bit for each score, since sets of numbers are added by shifts."""
    match query:
        case Scored(Short(), _):
            return 1
        case Scored(_, score):
            return 1 << score
        case Best(queries):
            scores = 0
            for query in queries:
                scores |= _set_of(query)
            return scores
        case Most(queries, _):
            return _with(1, queries)
        case More(fitting, others):
            return _with(_set_of(fitting), others)
        case _:
            return 1


def _with(scores: int, queries: tuple[Query, ...]) -> int:
    """Of documents that also have, or lack, each of these."""
    for query in queries:
        added, before = _set_of(query), scores
        while added:
            score = added.bit_length() - 1
            scores |= before << score
            added ^= 1 << score
    return scores
