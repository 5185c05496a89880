"""Changes at a dotted path of a document held in memory, with the meaning they have in MongoDB; nothing is mutated."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from twinpath.domain.views import EVERY, Range

MISSING: Final = object()
"""What a path leads to where a document has nothing."""


def changed(holder: Any, path: str, change: Callable[[Any], Any]) -> Any:
    """A copy of `holder` with `change(old value or MISSING)` at the path; what lies beside the path is shared.

    A number in a path names an element where there is a list, which is filled up with nulls where it is too short, and
    EVERY names all of them. Documents on the way are made where they are missing.

    Raises:
        ValueError: the path leads through something that has no fields.
    """
    name, _, rest = path.partition(".")
    if isinstance(holder, Mapping):
        old = holder.get(name, MISSING)
        return {**holder, name: _at(old, rest, change)}
    if isinstance(holder, list | tuple) and name.isdecimal() and str(int(name)) == name:
        index = int(name)
        old = holder[index] if index < len(holder) else MISSING
        before = [*holder[:index], *[None] * (index - len(holder))]
        return [*before, _at(old, rest, change), *holder[index + 1 :]]
    if isinstance(holder, list | tuple) and name == EVERY:
        return [_at(old, rest, change) for old in holder]
    raise ValueError(f"the path {path} can't be made in {type(holder).__name__}")


def _at(old: Any, rest: str, change: Callable[[Any], Any]) -> Any:
    if rest:
        return changed({} if old is MISSING else old, rest, change)
    return change(old)


def added(old: Any, amount: int | float) -> int | float:
    """The sum, a missing number being 0. Raises ValueError where there is something that is no number."""
    if old is MISSING:
        return amount
    if isinstance(old, bool) or not isinstance(old, int | float):
        raise ValueError(f"{type(old).__name__} can't be incremented")
    return old + amount


def appended(old: Any, values: Sequence[Any], keep: int | None) -> list[Any]:
    """The list with the values at its end, cut to its last `keep`. Raises ValueError where there is no list."""
    if old is MISSING:
        old = ()
    if not isinstance(old, list | tuple):
        raise ValueError(f"{type(old).__name__} can't be appended to")
    return last([*old, *values], keep)


def last(values: list[Any], keep: int | None) -> list[Any]:
    """The last `keep` of a list, or all of it."""
    return values if keep is None or keep >= len(values) else values[len(values) - keep :]


def stored(value: Any) -> Any:
    """A deep copy as a store keeps it: plain dicts and lists, nothing shared with `value` that can change."""
    if isinstance(value, Mapping):
        return {name: stored(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [stored(inner) for inner in value]
    return value


def has_elements(document: Mapping[str, Any], path: str) -> bool:
    """Whether there is a list at the path, and something in it."""
    holder: Any = document
    for name in path.split("."):
        holder = holder.get(name) if isinstance(holder, Mapping) else None
    return isinstance(holder, list) and bool(holder)


def within(document: Mapping[str, Any], ranges: Mapping[str, Range]) -> bool:
    """Whether the numbers in these fields lie within bounds; what is no number lies within none."""
    for name, (least, most) in ranges.items():
        value = document.get(name)
        if not isinstance(value, int | float):
            return least is None and most is None
        if (least is not None and value < least) or (most is not None and value > most):
            return False
    return True


def fits(holder: Any, path: str, wanted: Any) -> bool:
    """Whether the field at a path equals `wanted`; in a list one element is enough, and a missing field is null."""
    if isinstance(holder, list):
        return any(fits(element, path, wanted) for element in holder if isinstance(element, Mapping))
    name, _, rest = path.partition(".")
    value = holder.get(name, MISSING) if isinstance(holder, Mapping) else MISSING
    return fits(value, rest, wanted) if rest else _equals(value, wanted)


def _equals(value: Any, wanted: Any) -> bool:
    if value is MISSING:
        return wanted is None
    if isinstance(value, list) and not isinstance(wanted, list):
        return any(_equals(element, wanted) for element in value)
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)
