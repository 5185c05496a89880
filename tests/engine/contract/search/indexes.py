"""Search indexes on every engine, and views that stand in them."""

from collections.abc import Iterable
from typing import Any

from tests.engine.contract.search.feed import ARTICLES, FEED
from twinpath.domain.views import Document, Place, Range
from twinpath.searching.as_typed import as_typed
from twinpath.searching.asking import asked, query_of
from twinpath.searching.entries import WholeDocument
from twinpath.searching.interface import Hits, Search, SearchIndex
from twinpath.searching.language import Language

VIEW = ARTICLES.name
LOG = "article.0"
ENGLISH = Language("english")
_PAGE = 500


def article(sku: str, name: str = "", category: str = "", price: float = 1.0) -> Document:
    """A document of the view."""
    return {"_id": f"article-{sku}", "sku": sku, "name": name, "category": category, "price": price, "sold_out": False}


def whole(document: Document, revision: int = 1) -> WholeDocument:
    """As an index takes it."""
    return WholeDocument(document["_id"], revision, document)


async def filled(index: SearchIndex, documents: Iterable[Document], view: str = VIEW) -> None:
    """Have the index know all documents of the view."""
    await index.begin_fill(view, "token")
    entries = [whole(document) for document in documents]
    for page in (entries[start : start + _PAGE] for start in range(0, max(1, len(entries)), _PAGE)):
        assert await index.fill(view, "token", page, page[-1:] == entries[-1:])
    await index.refresh(view)


async def hits(
    index: SearchIndex,
    typed: str,
    limit: int = 100,
    after: Place | None = None,
    facets: bool = False,
    view: str = VIEW,
    ranges: dict[str, Range] | None = None,
    **where: Any,
) -> Hits:
    """What is found."""
    what = asked(typed)
    query = query_of(what, ENGLISH)
    return await index.search(view, Search(query, limit, where, ranges or {}, after, facets, as_typed(query, what)))


async def skus(index: SearchIndex, typed: str, **options: Any) -> list[str]:
    """The SKUs of what is found, in their order."""
    found = await hits(index, typed, **options)
    return [document_id.removeprefix("article-") for _, document_id in found.places]


def feed() -> list[Document]:
    """The documents of the feed."""
    return [article(*row) for row in FEED]
