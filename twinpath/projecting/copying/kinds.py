"""The kinds of copies that are kept: which views are in one, and what it takes of a document."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from twinpath.domain.views import Document, View
from twinpath.projecting.copying.reading import rendered
from twinpath.searching.entries import WholeDocument
from twinpath.views.interface import Copied


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of copy. The keeper of the kind that `leads` forgets what was brought late once all have it.

    After a write what comes is gathered for as long as that took, `gathers` seconds at most: each costs much, however
    little is in it.
    """

    name: str
    takes: Callable[[View], bool]
    ready: Callable[[View, Iterable[Document]], Sequence[Copied]]
    leads: bool = False
    gathers: float = 0.0


def whole(view: View, documents: Iterable[Document]) -> list[WholeDocument]:
    """The documents as a search index takes them."""
    return [WholeDocument(document["_id"], document["revision"], document) for document in documents]


IN_CACHE = Kind("cache", lambda view: view.copy, rendered, leads=True)
IN_SEARCH = Kind("search", lambda view: view.search is not None, whole, gathers=0.25)
