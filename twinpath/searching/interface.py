"""A search index: one more copy of a view, fed by the projector, and what can be asked of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from twinpath.domain.views import NOTHING, Place, Range
from twinpath.searching.as_typed import AsTyped
from twinpath.searching.asking import Query
from twinpath.searching.entries import WholeDocument
from twinpath.views.interface import ViewCopy

FARTHEST = 10_000
"""Hits of one search that pages reach; of more, the best so many."""


@dataclass(frozen=True, slots=True)
class Search:
    """The documents that fit a query, whose fields equal `where` and whose numbers lie within `ranges`.

    At most `limit` of them after a place, the best first, those of equal score by id. With `facets` they are counted.
    With `as_typed` that is asked first, and is the search where what it finds suffices.
    """

    query: Query
    limit: int
    where: Mapping[str, Any] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    after: Place | None = None
    facets: bool = False
    as_typed: AsTyped | None = None


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found: ids in their order, with the place of each; `total` counts all.

    `counts` has by facet the values, as JSON, and how often; `spans` the number of documents between its bounds.
    """

    places: list[Place]
    total: int
    counts: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict)
    spans: Mapping[str, list[int]] = field(default_factory=dict)


class SearchIndex(ViewCopy[WholeDocument], Protocol):
    """The copies of views that are declared to be searched, a generation each."""

    async def search(self, view: str, search: Search) -> Hits:
        """Raises Unavailable: `search_unavailable`. ValueError: a filter asks for what the view does not declare."""

    async def seen(self, view: str) -> Mapping[str, int]:
        """Log -> position that a search now shows. Raises Unavailable."""

    async def refresh(self, view: str, at_least: Mapping[str, int] = NOTHING) -> None:
        """Let the next search show whatever was written, if that is as far as this, log -> position.

        Raises Unavailable.
        """

    async def close(self) -> None:
        """Let go of what it holds."""


def refuse_unknown(paths: tuple[str, ...], search: Search, numbers: tuple[str, ...], view: str) -> None:
    """Raises ValueError: a filter asks for what an index does not have."""
    unknown = [path for path in search.where if path not in paths and path != "_id" and path not in numbers]
    unknown += [path for path in search.ranges if path not in numbers]
    if unknown:
        raise ValueError(f"a search of {view} can't be filtered by {unknown}: name them in its Searchable")
