"""The index of a generation in its folder, as the one process that writes it keeps it.

What was deleted or replaced stays in an index's files until Tantivy merges them, which for large files may be never. So
after an erasure another index is filled beside this one, from what the view has now and from what is written meanwhile,
and takes its place. A folder in which nothing can be read any more is begun anew, since the view can fill it.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

import orjson
import structlog

from twinpath.errors import Unavailable
from twinpath.searching.entries import Reading, WholeDocument
from twinpath.searching.tantivy.index import ViewIndex, our_errors
from twinpath.views.interface import Moves

ANEW, OLD = ".anew", ".old"
"""What the folders of an index are called that is filled beside another, and of the other once it is replaced."""
_GATHERING_SECONDS = 2.0
"""What follows from an erasure within this time is filled with it."""
_PROBE_BYTES = 4_000_000
"""Where so much can be written no disk is full."""
_LOCK = ".tantivy-writer.lock"

_log = structlog.get_logger(__name__)


class KeptIndex:
    """`fill_seconds` may pass between two pages of a fill, `expunge_seconds` between two fills after erasures.

    Raises Unavailable from every call; what it knows may be wrong then: close it, and open another.
    """

    def __init__(self, reading: Reading, folder: Path, fill_seconds: float, expunge_seconds: float) -> None:
        self.lock = RLock()
        self._reading = reading
        self._folder = folder
        self._fill_seconds = fill_seconds
        self._expunge_seconds = expunge_seconds
        self._next_expunge = 0.0
        self._token: str | None = None
        self._until = 0.0
        self._removed: set[str] = set()
        """Ids of what was removed since the fill began."""
        self._beside: ViewIndex | None = None
        self._filled = self._due = False
        """Whether it has every document; whether an erasure is to be followed by a fill."""
        self._open()

    @property
    def is_there(self) -> bool:
        """Whether the folder is still the one that was opened."""
        try:
            return _identity(self._folder) == self._opened
        except OSError:
            return False

    @property
    def fill_state(self) -> str | None:
        """See ViewCopy.fill_state; after an erasure it is to be filled again."""
        if self._token and time.monotonic() < self._until:
            return self._token
        if self._filled and not (self._due and time.monotonic() >= self._next_expunge):
            return "done"
        return None

    @property
    def positions(self) -> dict[str, int]:
        """See ViewCopy.positions."""
        return dict(self._positions)

    def write(self, moves: Moves, documents: Sequence[WholeDocument], removed: Sequence[str]) -> bool:
        """See ViewCopy.write."""
        if any(self._positions.get(log, 0) != expected for log, (expected, _) in moves.items()):
            return False
        self._take(documents, removed, {**self._positions, **{log: position for log, (_, position) in moves.items()}})
        return True

    def adopt(self, positions: Mapping[str, int]) -> None:
        """See ViewCopy.adopt."""
        self._end_fill()
        self._filled = False
        self._take([], [], {**self._positions, **positions})

    def begin_fill(self, token: str) -> None:
        """See ViewCopy.begin_fill; what has every document stays in service meanwhile."""
        self._end_fill()
        self._take([], [], self._positions)  # which only the one writer can
        if self._filled:
            self._remove(ANEW)
            self._beside = ViewIndex(self._reading, self._place(ANEW))
            self._put(self._beside, [], [], self._state(filled=False))
        self._due = False
        self._token, self._until = token, time.monotonic() + self._fill_seconds

    def fill(self, token: str, documents: Sequence[WholeDocument], last: bool) -> bool:
        """See ViewCopy.fill."""
        if self.fill_state != token:
            return False
        still = [document for document in documents if document.id not in self._removed]
        self._put(self._beside or self._index, still, [], self._state(filled=last))
        self._until = time.monotonic() + self._fill_seconds
        if last and self._beside is not None:
            self._exchange(self._beside)
        elif last:
            self._filled = True
        if last:
            self._end_fill()
        return True

    def expunge(self) -> None:
        """See ViewCopy.expunge."""
        if not self._due:
            self._due = True
            self._next_expunge = max(self._next_expunge, time.monotonic() + _GATHERING_SECONDS)
            self._take([], [], self._positions)

    def close(self) -> None:
        """Let another process write."""
        self._end_fill()
        self._index.close()

    def _open(self) -> None:
        self._index, state = self._opened_or_begun_anew()
        before: Mapping[str, Any] = orjson.loads(state) if state else {}
        self._positions: dict[str, int] = before.get("positions", {})
        self._filled = before.get("filled", False)
        self._due = before.get("expunge", False)
        with our_errors():
            self._opened = _identity(self._folder)

    def _opened_or_begun_anew(self) -> tuple[ViewIndex, str | None]:
        try:
            index = ViewIndex(self._reading, self._folder)
            return index, index.state()
        except Unavailable as error:
            begin_anew(self._folder, error)
        index = ViewIndex(self._reading, self._folder)
        return index, index.state()

    def _take(self, documents: Sequence[WholeDocument], removed: Sequence[str], positions: dict[str, int]) -> None:
        if self._beside is not None:
            self._put(self._beside, documents, removed, self._state(positions, filled=False))
        self._put(self._index, documents, removed, self._state(positions))
        self._positions = positions
        if self._token is not None:
            self._removed.update(removed)

    def _put(self, index: ViewIndex, documents: Sequence[WholeDocument], removed: Sequence[str], state: str) -> None:
        before = index.revisions([document.id for document in documents])
        newer = {d.id: d for d in documents if before.get(d.id, 0) < d.revision}
        entries = [self._reading.entry(document) for document in newer.values()]
        index.take(entries, [id_ for id_ in removed if id_ not in newer], state)

    def _state(self, positions: Mapping[str, int] | None = None, filled: bool | None = None) -> str:
        due = self._due or (self._beside is not None and filled is None)
        whole = self._filled if filled is None else filled
        kept = {"positions": positions or self._positions, "filled": whole, "expunge": due}
        return orjson.dumps(kept).decode()

    def _exchange(self, beside: ViewIndex) -> None:
        """Put the index that was filled beside in the place of this one."""
        with our_errors():
            for index in (self._index, beside):
                index.close(settled=True)
            self._remove(OLD)
            self._folder.rename(self._place(OLD))
            self._place(ANEW).rename(self._folder)
            self._remove(OLD)
        self._beside, self._next_expunge = None, time.monotonic() + self._expunge_seconds
        self._open()

    def _end_fill(self) -> None:
        self._token, self._removed = None, set()
        if self._beside is not None:
            self._due = True
            self._beside.close()
            self._beside = None
            self._remove(ANEW)

    def _remove(self, name: str) -> None:
        shutil.rmtree(self._place(name), ignore_errors=True)

    def _place(self, name: str) -> Path:
        return self._folder.with_name(self._folder.name + name)


def begin_anew(folder: Path, reason: Unavailable) -> None:
    """Remove an index that can't be opened or written, of which nothing but its own files is to blame.

    Raises the reason again where files can't be written there, or another process writes the index.
    """
    with our_errors(), _held(folder, reason):
        probe = folder / ".probe"
        try:
            probe.write_bytes(bytes(_PROBE_BYTES))
            probe.unlink()
        except OSError:
            raise reason from None
        _log.warning("search_index_damaged", folder=str(folder), error=reason.detail)
        shutil.rmtree(folder)


@contextmanager
def _held(folder: Path, reason: Unavailable) -> Iterator[None]:
    """Tantivy's own lock of writers."""
    try:
        with (folder / _LOCK).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
    except OSError:
        raise reason from None


def _identity(folder: Path) -> tuple[int, int]:
    """What tells this folder, with an index in it, from another of its name."""
    os.stat(folder / "meta.json")
    kept = os.stat(folder)
    return kept.st_dev, kept.st_ino
