"""Merges a batch's changes into the fewest operations a document, without changing what comes out.

Changes of one document fold into one write as long as a store can carry them out in any order, which it can when no
path of it is touched twice or lies within another. What falls on a path that is set already is computed here; what
can't be folded begins a further write. A ChangeWhere is a barrier for its view, because it may meet any document.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from shared.view_store.interface import Change, ChangeWhere, Put, Remove, ViewChange
from shared.view_store.writes import OpenWrite, Tail, Write

_OF_THE_STORE = ("_id", "revision")

Operation = Write | Remove | ChangeWhere


def merged(changes: Iterable[ViewChange]) -> dict[str, list[Operation]]:
    """Per view the operations to carry out in order instead of the changes, alike ones side by side.

    Raises:
        ValueError: a change names `_id` or `revision`.
    """
    chains: dict[str, dict[str, _Chain]] = {}
    done: dict[str, list[Operation]] = {}
    for change in changes:
        of_view = chains.setdefault(change.view, {})
        if isinstance(change, ChangeWhere):
            _refuse_reserved(change.set)
            done.setdefault(change.view, []).extend([*_rounds(of_view.values()), change])
            of_view.clear()
            continue
        chain = of_view.get(change.id)
        if chain is None:
            chain = of_view[change.id] = _Chain(change.view, change.id)
        chain.add(change)
    for view, of_view in chains.items():
        done.setdefault(view, []).extend(_rounds(of_view.values()))
    return done


class _Chain:
    """What is to be done to one document, in order; the last write is open for more."""

    def __init__(self, view: str, document_id: str) -> None:
        self.operations: list[Operation] = []
        self._view = view
        self._id = document_id
        self._open: OpenWrite | None = None

    def add(self, change: Put | Change | Remove) -> None:
        if isinstance(change, Remove):
            self.operations = [change]
            self._open = None
        elif isinstance(change, Put):
            _refuse_reserved(change.document)
            self._begin(create=True)
            self._set_all(change.document)
        else:
            for fields in (change.set, change.increment, change.append):
                _refuse_reserved(fields)
            self._begin(change.create)
            self._set_all(change.set)
            for path, amount in change.increment.items():
                self._do(OpenWrite.increment, path, amount)
            for path, value in change.append.items():
                self._do(OpenWrite.append, path, Tail([value], change.keep))

    def _begin(self, create: bool) -> OpenWrite:
        """The open write. Whether it may create is for its first change to say: after that the document exists."""
        if self._open is None:
            write = Write(self._view, self._id, create)
            self.operations.append(write)
            self._open = OpenWrite(write)
        return self._open

    def _set_all(self, values: Mapping[str, Any]) -> None:
        if not self._begin(create=False).set_plain(values):
            for path, value in values.items():
                self._do(OpenWrite.set, path, value)

    def _do(self, step: Callable[[OpenWrite, str, Any], bool], path: str, value: Any) -> None:
        if not step(self._begin(create=False), path, value):
            self._open = None
            step(self._begin(create=False), path, value)


def _rounds(chains: Iterable[_Chain]) -> Iterator[Operation]:
    """The first of each document, then the second of each, and so on; of these, alike ones are together."""
    for operations in zip_longest(*(chain.operations for chain in chains)):
        removals: list[Operation] = []
        whole: list[Operation] = []
        others: list[Operation] = []
        for operation in operations:
            if isinstance(operation, Remove):
                removals.append(operation)
            elif isinstance(operation, Write):
                (whole if operation.whole else others).append(operation)
        yield from (*removals, *whole, *others)


def _refuse_reserved(fields: Mapping[str, Any]) -> None:
    for name in _OF_THE_STORE:
        if name in fields:
            raise ValueError(f"{name} is the store's, no change may name it")
