"""Merges a batch's changes into at most a few operations a document, without changing what comes out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from shared.view_store.interface import Change, ChangeWhere, Put, Remove, ViewChange


@dataclass(slots=True)
class Write:
    """One merged change of one document: `set`, `increment` and `append` touch no path twice.

    With `create` it may make the document.
    """

    view: str
    id: str
    set: dict[str, Any] = field(default_factory=dict)
    increment: dict[str, int | float] = field(default_factory=dict)
    append: dict[str, list[Any]] = field(default_factory=dict)
    keep: int | None = None
    create: bool = False


Operation = Write | Remove | ChangeWhere


def merged(changes: Iterable[ViewChange]) -> list[Operation]:
    """The operations to carry out, in order, instead of the changes."""
    operations: list[Operation] = []
    last: dict[tuple[str, str], Write] = {}
    for change in changes:
        if isinstance(change, ChangeWhere):
            last = {key: write for key, write in last.items() if key[0] != change.view}
            operations.append(change)
            continue
        key = (change.view, change.id)
        if isinstance(change, Remove):
            last.pop(key, None)
            operations.append(change)
            continue
        open_write = last.get(key)
        if open_write is None or not _fold(open_write, change):
            last[key] = _write(change)
            operations.append(last[key])
    return operations


def _write(change: Put | Change) -> Write:
    if isinstance(change, Put):
        return Write(change.view, change.id, set=dict(change.document), create=True)
    return Write(
        change.view,
        change.id,
        dict(change.set),
        dict(change.increment),
        {path: [value] for path, value in change.append.items()},
        change.keep,
        change.create,
    )


def _fold(into: Write, change: Put | Change) -> bool:
    """Put a later change into an earlier write; False, with nothing done, where the paths don't allow it."""
    if isinstance(change, Put):
        if into.increment or into.append or any("." in path for path in into.set):
            return False
        into.set.update(change.document)
        into.create = True
        return True
    touched = {*into.set, *into.increment, *into.append}
    for path in (*change.set, *change.increment, *change.append):
        if any(_overlap(path, other) for other in touched):
            return False
    if any(path in into.append or path in into.increment for path in change.set):
        return False
    if any(not _countable(into, path) for path in change.increment):
        return False
    if any(path in into.increment for path in change.append) or (
        change.append and into.append and change.keep != into.keep
    ):
        return False
    _apply(into, change)
    return True


def _apply(into: Write, change: Change) -> None:
    into.set.update(change.set)
    for path, amount in change.increment.items():
        if path in into.set:
            into.set[path] += amount
        else:
            into.increment[path] = into.increment.get(path, 0) + amount
    for path, value in change.append.items():
        if path in into.set:
            into.set[path] = kept([*into.set[path], value], change.keep)
        else:
            into.append[path] = kept([*into.append.get(path, []), value], change.keep)
    if change.append:
        into.keep = change.keep


def _countable(into: Write, path: str) -> bool:
    if path in into.append:
        return False
    value = into.set.get(path, 0)
    return isinstance(value, int | float) and not isinstance(value, bool)


def kept(values: list[Any], keep: int | None) -> list[Any]:
    """The last `keep` of a list, or all."""
    return values if keep is None else values[-keep:]


def _overlap(path: str, other: str) -> bool:
    """Whether one path lies within the other; the same path twice is no overlap."""
    return path != other and (path.startswith(f"{other}.") or other.startswith(f"{path}."))
