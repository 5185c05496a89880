"""One write of one document, and how further steps are folded into it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from twinpath.views.paths import added, appended, changed, last


@dataclass(slots=True)
class Tail:
    """Elements to append to a list, of which the last `keep` stay then (all when None)."""

    values: list[Any]
    keep: int | None


@dataclass(slots=True)
class Write:
    """Merged changes of one document; the paths of its three maps are all different, none within another.

    With `create` it may make the document, else it must be there.
    """

    view: str
    id: str
    create: bool
    set: dict[str, Any] = field(default_factory=dict)
    increment: dict[str, int | float] = field(default_factory=dict)
    append: dict[str, Tail] = field(default_factory=dict)
    plain: bool = field(default=True, compare=False)
    """Whether each path of `set` is a name."""

    @property
    def whole(self) -> bool:
        """Whether `set` is all of the document, should it be new."""
        return self.create and self.plain and not self.increment and not self.append


class OpenWrite:
    """A write that takes further steps; each says False, having done nothing, when it does not fit into it.

    A step that can't be done to what is set here, such as an increment of a text, is for the store to refuse.
    """

    __slots__ = ("_above", "_write")

    def __init__(self, write: Write) -> None:
        self._write = write
        self._above: frozenset[str] = frozenset()
        """Every path that lies above one that was touched."""

    def set(self, path: str, value: Any) -> bool:
        """Set the value at a path."""
        write = self._write
        if path in self._above:  # what was to be done within is overwritten
            for actions in (write.set, write.increment, write.append):
                for within in [other for other in actions if other.startswith(f"{path}.")]:
                    del actions[within]
        if "." in path and (around := self._around(path)) is not None:
            return self._fold(around, path, lambda old: value)
        write.increment.pop(path, None)
        write.append.pop(path, None)
        write.set[path] = value
        write.plain = write.plain and "." not in path
        self._note(path)
        return True

    def set_plain(self, fields: Mapping[str, Any]) -> bool:
        """Set many fields at once, where every path here and there is a name, as in most puts."""
        if self._above or not are_names(fields):
            return False
        write = self._write
        if write.increment or write.append:
            for actions in (write.increment, write.append):
                for path in actions.keys() & fields.keys():
                    del actions[path]
        write.set.update(fields)
        return True

    def increment(self, path: str, amount: int | float) -> bool:
        """Add to the number at a path."""
        write = self._write
        if path in write.set:
            return self._compute(path, lambda old: added(old, amount))
        if path in write.increment:
            write.increment[path] += amount
        elif "." in path and (around := self._around(path)) is not None:
            return self._fold(around, path, lambda old: added(old, amount))
        elif path in write.append or path in self._above:
            return False
        else:
            write.increment[path] = amount
            self._note(path)
        return True

    def append(self, path: str, tail: Tail) -> bool:
        """Append to the list at a path."""
        write = self._write
        if path in write.set:
            return self._compute(path, lambda old: appended(old, tail.values, tail.keep))
        if path in write.append:
            write.append[path] = _joined(write.append[path], tail)
        elif "." in path and (around := self._around(path)) is not None:
            return self._fold(around, path, lambda old: appended(old, tail.values, tail.keep))
        elif path in write.increment or path in self._above:
            return False
        else:
            write.append[path] = tail
            self._note(path)
        return True

    def _fold(self, around: str, path: str, change: Callable[[Any], Any]) -> bool:
        """Compute a step that falls within a value that is being set."""
        within = path[len(around) + 1 :]
        return around in self._write.set and self._compute(around, lambda old: changed(old, within, change))

    def _compute(self, path: str, change: Callable[[Any], Any]) -> bool:
        try:
            self._write.set[path] = change(self._write.set[path])
        except ValueError:
            return False
        return True

    def _around(self, path: str) -> str | None:
        """The touched path that this one lies within."""
        write = self._write
        return next((p for p in _above(path) if p in write.set or p in write.increment or p in write.append), None)

    def _note(self, path: str) -> None:
        if "." in path:
            self._above = self._above.union(_above(path))


def are_names(paths: Iterable[str]) -> bool:
    """Whether none of the paths leads into a field."""
    return "." not in "".join(paths)


def _joined(first: Tail, then: Tail) -> Tail:
    """Both in one: of the list and what came first as many stay as either rule lets."""
    if first.keep is None:
        keep = then.keep
    else:
        after_first = first.keep + len(then.values)
        keep = after_first if then.keep is None else min(after_first, then.keep)
    return Tail(last([*first.values, *then.values], keep), keep)


def _above(path: str) -> Iterator[str]:
    end = path.find(".")
    while end >= 0:
        yield path[:end]
        end = path.find(".", end + 1)
