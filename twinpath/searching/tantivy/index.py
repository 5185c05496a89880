"""One index of Tantivy: the documents of one generation of a view, and a state that each commit writes with them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from tantivy import DocAddress, Index, IndexWriter, Query

from twinpath.errors import Unavailable
from twinpath.searching.entries import Entry, Reading
from twinpath.searching.interface import Hits, Search
from twinpath.searching.tantivy.queries import Queries
from twinpath.searching.tantivy.schema import ID, REVISION, STATE, document_of, made_ready, schema_of, state_of
from twinpath.searching.tantivy.searches import Searches

_HEAP = 15_000_000
"""Bytes of a writer: the least that Tantivy takes."""
_THE_STATE = "the state"


class ViewIndex:
    """In a folder, or in memory without one. Its calls take a while and may come from several threads.

    With `opened` it is there already. Raises Unavailable from every call.
    """

    def __init__(self, reading: Reading, folder: Path | None = None, opened: bool = False) -> None:
        self.lock = RLock()
        self._columns = len(reading.search.counted), len(reading.numbers)
        schema = schema_of(*self._columns)
        self._searches = Searches(reading, Queries(schema, reading.numbers))
        self._schema = schema
        self._folder = folder
        self._writer: IndexWriter | None = None
        self._seen: tuple[int, int, int] | None = None
        """What told the last commit that was seen from others."""
        self.shown: str | None = None
        """The state of the last commit that was seen."""
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
                writer.add_document(state_of(_THE_STATE, state, *self._columns))
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
        """See what another process has written: to open every segment again takes a while, to look does not."""
        with self.lock, our_errors():
            if (there := self._last_commit()) != self._seen:
                self._index.reload()
                self.shown = self.state()
                self._seen = there

    @property
    def is_current(self) -> bool:
        """Whether nothing was written since it was reloaded; takes no while."""
        with our_errors():
            return self._last_commit() == self._seen

    def _last_commit(self) -> tuple[int, int, int]:
        assert self._folder is not None
        there = (self._folder / "meta.json").stat()  # which each commit replaces
        return there.st_ino, there.st_mtime_ns, there.st_size

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
            return self._searches.search(self._index.searcher(), search)

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
