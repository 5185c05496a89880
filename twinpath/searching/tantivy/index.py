"""One index of Tantivy: the documents of one generation of a view, and a state that each commit writes with them."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from heapq import nsmallest
from itertools import pairwise
from pathlib import Path
from threading import RLock
from typing import Any

from tantivy import DocAddress, Document, Index, IndexWriter, Query, Searcher

from twinpath.domain.views import Place
from twinpath.errors import Unavailable
from twinpath.searching.entries import Entry, Reading
from twinpath.searching.interface import FARTHEST, Hits, Search
from twinpath.searching.tantivy.queries import Queries
from twinpath.searching.tantivy.schema import (
    ID,
    REVISION,
    SHORT,
    STATE,
    TIE,
    best_unseen,
    document_of,
    facet_field,
    made_ready,
    number_field,
    schema_of,
    score_of,
)
from twinpath.searching.ties import tie_of

_HEAP = 15_000_000
"""Bytes of a writer: the least that Tantivy takes."""
_FIRST_HITS = 1_000
_MOST_VALUES = 20
_THE_STATE = "the state"


class ViewIndex:
    """In a folder, or in memory without one. Its calls take a while and may come from several threads.

    With `opened` it is there already. Raises Unavailable from every call.
    """

    def __init__(self, reading: Reading, folder: Path | None = None, opened: bool = False) -> None:
        self.lock = RLock()
        self._reading = reading
        schema = schema_of(len(reading.search.counted), len(reading.numbers))
        self._queries = Queries(schema, reading.numbers)
        self._schema = schema
        self._folder = folder
        self._writer: IndexWriter | None = None
        with our_errors():
            if folder is not None and not opened:
                folder.mkdir(parents=True, exist_ok=True)
            path = None if folder is None else str(folder)
            self._index = made_ready(Index.open(path) if opened and path else Index(schema, path))

    def take(self, entries: Sequence[Entry], removed: Iterable[str], state: str) -> None:
        """Write these, in the place of what has their ids, with the state, or nothing; a search shows it at once."""
        with self.lock, our_errors():
            writer = self._writer = self._writer or self._write()
            try:
                for document_id in (*removed, *(entry.id for entry in entries)):
                    writer.delete_documents_by_term(ID, document_id)
                for entry in entries:
                    writer.add_document(document_of(entry))
                writer.delete_documents_by_term(ID, _THE_STATE)
                kept = Document()
                kept.add_text(ID, _THE_STATE)
                kept.add_text(STATE, state)
                writer.add_document(kept)
                writer.commit()
            except BaseException:
                self.close()
                del writer  # or whoever keeps the error keeps the folder locked
                raise
            self._index.reload()

    def close(self, settled: bool = False) -> None:
        """Let another process write; `settled` waits for merges, which go on in the folder else."""
        with self.lock, our_errors():
            writer, self._writer = self._writer, None
            if settled and writer is not None:
                writer.wait_merging_threads()

    def reload(self) -> None:
        """See what another process has written."""
        with our_errors():
            self._index.reload()

    def state(self) -> str | None:
        """What was written with the documents that are seen now; None before anything was."""
        with our_errors():
            searcher = self._index.searcher()
            for _, address in searcher.search(Query.term_query(self._schema, ID, _THE_STATE), 1).hits:
                return str(searcher.doc(address).get_first(STATE))
        return None

    def revisions(self, ids: Sequence[str]) -> dict[str, int]:
        """Those of the documents that it has."""
        with our_errors():
            searcher = self._index.searcher()
            there: list[tuple[str, DocAddress]] = []
            for document_id in ids:
                hits = searcher.search(Query.term_query(self._schema, ID, document_id), 1, count=False).hits
                there += [(document_id, address) for _, address in hits]
            revisions = searcher.fast_field_values(REVISION, [address for _, address in there])
        return {document_id: int(at or 0) for (document_id, _), at in zip(there, revisions, strict=True)}

    def search(self, search: Search) -> Hits:
        """See SearchIndex.search; the state is no document that anything finds."""
        with our_errors():
            searcher = self._index.searcher()
            most = max(_FIRST_HITS, search.limit)
            query, result = self._first(searcher, search, most)
            places = self._places(searcher, query, result, most, search.after, search.limit)
            counts, spans = self._facets(searcher, query) if search.facets else ({}, {})
        return Hits(places, result.count, counts, spans)

    def _first(self, searcher: Searcher, search: Search, most: int) -> tuple[Query, Any]:
        """The query that counts, and at most so many of its hits; their types lack the count."""
        if (typed := search.as_typed) is not None:
            query = self._queries.within(typed.query, search.where, search.ranges)
            result: Any = searcher.search(query, most, weight_by_field=SHORT)
            if typed.suffices(result.count, max(_scores(searcher, result.hits[:1]), default=0)):
                return query, result
        query = self._queries.within(search.query, search.where, search.ranges)
        return query, searcher.search(query, most, weight_by_field=SHORT)

    def _places(
        self, searcher: Searcher, query: Query, result: Any, most: int, after: Place | None, limit: int
    ) -> list[Place]:
        while True:
            shown = result.hits  # which are made anew each time
            addresses = [address for _, address in shown]
            scores = _scores(searcher, shown)
            ties = searcher.fast_field_values(TIE, addresses)
            hits: Iterable[Any] = zip([-score for score in scores], ties, range(len(scores)), strict=True)
            cut = len(scores) == most < FARTHEST
            if after is not None or cut:
                least = best_unseen(shown[-1][0]) if cut else 0
                place = (-math.inf, 0) if after is None else (-after[0], tie_of(after[1]))
                hits = (hit for hit in hits if hit[:2] > place and -hit[0] > least)
            first = nsmallest(limit, hits)
            if len(first) == limit or not cut:
                ids = (str(searcher.doc(addresses[at]).get_first(ID)) for _, _, at in first)
                return [(-score, id_) for (score, _, _), id_ in zip(first, ids, strict=True)]
            most = FARTHEST
            result = searcher.search(query, most, weight_by_field=SHORT)

    def _facets(
        self, searcher: Searcher, query: Query
    ) -> tuple[Mapping[str, list[tuple[str, int]]], Mapping[str, list[int]]]:
        search, numbers = self._reading.search, self._reading.numbers
        asked: dict[str, Any] = {
            path: {"terms": {"field": facet_field(number), "size": _MOST_VALUES}}
            for number, path in enumerate(search.counted)
        }
        for facet in search.ranges:
            bounds = [float(bound * facet.scale) for bound in facet.bounds]
            edges = [{"to": bounds[0]}, *({"from": a, "to": b} for a, b in _pairs(bounds)), {"from": bounds[-1]}]
            field = number_field(numbers.index(facet.number))
            asked[facet.name] = {"range": {"field": field, "ranges": edges}}
        if not asked:
            return {}, {}
        answer = searcher.aggregate(query, asked)
        counts = {path: [(b["key"], b["doc_count"]) for b in answer[path]["buckets"]] for path in search.counted}
        spans = {}
        for facet in search.ranges:
            buckets = answer[facet.name]["buckets"]  # none where the index has no segment
            spans[facet.name] = [bucket["doc_count"] for bucket in buckets] or [0] * (len(facet.bounds) + 1)
        return counts, spans

    def _write(self) -> IndexWriter:
        try:
            return self._index.writer(_HEAP, 1)
        except ValueError as error:
            if "LockBusy" in str(error):
                raise Unavailable(
                    f"another process writes the search index in {self._folder}: one projector alone may keep it;"
                    " several can not share it",
                    code="search_unavailable",
                ) from error
            raise


def _scores(searcher: Searcher, hits: Sequence[tuple[float, DocAddress]]) -> list[int]:
    weights = searcher.fast_field_values(SHORT, [address for _, address in hits])
    weighted = [(score, weight or 0) for (score, _), weight in zip(hits, weights, strict=True)]
    differing = {some: score_of(*some) for some in {*weighted}}  # few of thousands do
    return [differing[some] for some in weighted]


def _pairs(bounds: Sequence[float]) -> Iterator[tuple[float, float]]:
    return pairwise(bounds)


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn what Tantivy raises, of which a panic is no Exception, into Unavailable."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise Unavailable(f"the search index can't be used: {error}", code="search_unavailable") from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise Unavailable(f"the search index can't be used: {error}", code="search_unavailable") from error
        raise
