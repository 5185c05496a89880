"""Merges a batch's changes into the fewest operations a document, without changing what comes out.

Changes of one document fold into one write as long as a store can carry them out in any order, which it can when no
path of it is touched twice or lies within another. What falls on a path that is set already is computed here; what
can't be folded begins a further write. A ChangeWhere is a barrier for its view, because it may meet any document.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from twinpath.domain.views import EVERY, Change, ChangeWhere, Put, Remove, ViewChange
from twinpath.views.writes import OpenWrite, Tail, Write, are_names

Operation = Write | Remove | ChangeWhere
_Single = Put | Change | Remove
"""A change of a document that no other change of the batch meets, so far."""


def merged(changes: Iterable[ViewChange]) -> dict[str, list[Operation]]:
    """Per view the operations to carry out in order instead of the changes, alike ones side by side.

    Raises:
        ValueError: a change names `_id` or `revision`, or sets more than the elements of a list.
    """
    chains: dict[str, dict[str, _Chain | _Single]] = {}
    done: dict[str, list[Operation]] = {}
    for change in changes:
        of_view = chains.get(change.view)
        if of_view is None:
            of_view = chains[change.view] = {}
        if isinstance(change, ChangeWhere):
            _refuse_reserved(change.set)
            if len(change.set) > 1 and any(EVERY in path for path in change.set):
                raise ValueError(f"a path with {EVERY} stands alone in a ChangeWhere")
            done.setdefault(change.view, []).extend([*_rounds(of_view.values()), change])
            of_view.clear()
        elif (before := of_view.get(change.id)) is None:
            of_view[change.id] = change
        else:
            if not isinstance(before, _Chain):
                before = of_view[change.id] = _Chain(before)
            before.add(change)
    for view, of_view in chains.items():
        done.setdefault(view, []).extend(_rounds(of_view.values()))
    return done


def _operations(changes: "_Chain | _Single") -> list[Operation]:
    """The operations on one document; to most of them a batch does one thing."""
    if isinstance(changes, _Chain):
        return changes.operations
    if isinstance(changes, Put) and are_names(changes.document):
        _refuse_reserved(changes.document)
        return [Write(changes.view, changes.id, True, dict(changes.document))]
    return _Chain(changes).operations


class _Chain:
    """The operations on one document, in order; the last write is open for more."""

    __slots__ = ("_open", "operations")

    def __init__(self, first: _Single) -> None:
        self.operations: list[Operation] = []
        self._open: OpenWrite | None = None
        self.add(first)

    def add(self, change: _Single) -> None:
        if isinstance(change, Put):
            self._set_all(change, change.document, create=True)
        elif isinstance(change, Change):
            self._set_all(change, change.set, change.create)
            if change.increment:
                _refuse_reserved(change.increment)
                for path, amount in change.increment.items():
                    self._do(change, OpenWrite.increment, path, amount)
            if change.append:
                _refuse_reserved(change.append)
                for path, value in change.append.items():
                    self._do(change, OpenWrite.append, path, Tail([value], change.keep))
        else:
            self.operations = [change]
            self._open = None

    def _set_all(self, change: Put | Change, values: Mapping[str, Any], create: bool) -> None:
        _refuse_reserved(values)
        open_write = self._open or self._begin(change, create)
        if values and not open_write.set_plain(values):
            for path, value in values.items():
                self._do(change, OpenWrite.set, path, value)

    def _do(self, change: Put | Change, step: Callable[[OpenWrite, str, Any], bool], path: str, value: Any) -> None:
        if self._open is None or not step(self._open, path, value):
            step(self._begin(change, create=False), path, value)

    def _begin(self, change: Put | Change, create: bool) -> OpenWrite:
        """A further write. Whether it may create is for its first change to say: after that the document exists."""
        write = Write(change.view, change.id, create)
        self.operations.append(write)
        self._open = OpenWrite(write)
        return self._open


def _rounds(chains: "Iterable[_Chain | _Single]") -> Iterator[Operation]:
    """The first of each document, then the second of each, and so on; of these, alike ones are together."""
    for operations in zip_longest(*map(_operations, chains)):
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
    if "_id" in fields or "revision" in fields:
        raise ValueError(f"{'_id' if '_id' in fields else 'revision'} is the store's, no change may name it")
