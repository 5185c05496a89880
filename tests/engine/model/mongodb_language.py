"""As much of MongoDB's query language as the code under test speaks; anything else is an error."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.engine.model.loop import Process

Document = dict[str, Any]

State = dict[str, dict[Any, Document]]
"""Collection -> _id -> document; a document is never mutated."""

Replicated = Callable[[str, Document | None, Document], None]
"""Told (collection, before, after) of each write that has reached a majority."""

Wrote = Callable[[Process, str, Document | None, Document], None]
"""Told of each write of the primary, and whose it is."""

_REMOVE = "$$REMOVE"

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda value, bound: value is not None and value > bound,
    "$lt": lambda value, bound: value is not None and value < bound,
    "$lte": lambda value, bound: value is not None and value <= bound,
    "$in": lambda value, options: any(one in options for one in (value if isinstance(value, list) else [value])),
}


def matches(document: Document, where: Mapping[str, Any], now: datetime) -> bool:
    """Whether a document meets a filter."""
    for name, wanted in where.items():
        if name == "$expr":
            met = bool(value_of(wanted, document, now))
        elif isinstance(wanted, dict):
            met = all(_COMPARE[operator](document.get(name), bound) for operator, bound in wanted.items())
        else:
            value = document.get(name)
            met = value == wanted or (isinstance(value, list) and wanted in value)
        if not met:
            return False
    return True


def value_of(expression: Any, document: Document, now: datetime) -> Any:
    """The value of an aggregation expression."""
    if expression == "$$NOW":
        return now
    if expression == _REMOVE:
        return _REMOVE
    if isinstance(expression, str) and expression.startswith("$"):
        return document.get(expression[1:])
    if isinstance(expression, list):
        return [value_of(element, document, now) for element in expression]
    if not isinstance(expression, dict):
        return expression
    [(operator, operands)] = expression.items()
    if operator == "$literal":
        return operands
    values = [value_of(operand, document, now) for operand in operands]
    match operator:
        case "$or":
            return any(values)
        case "$eq":
            return values[0] == values[1]
        case "$lt":
            return values[0] < values[1]
        case "$cond":
            return values[1] if values[0] else values[2]
        case "$setDifference":
            return [value for value in values[0] if value not in values[1]]
        case "$add" if isinstance(values[0], datetime):
            return values[0] + timedelta(milliseconds=values[1])
        case "$add":
            return sum(values)
    raise NotImplementedError(operator)


def updated(document: Document, update: Any, now: datetime, *, inserting: bool = False) -> Document:
    """The document after an update, which is `$set` and `$setOnInsert`, or a pipeline of `$set`."""
    if isinstance(update, list):
        [stage] = update
        fields = {name: value_of(expression, document, now) for name, expression in stage["$set"].items()}
        return {name: value for name, value in {**document, **fields}.items() if value != _REMOVE}
    if unknown := update.keys() - {"$set", "$setOnInsert"}:
        raise NotImplementedError(unknown)
    on_insert = update.get("$setOnInsert", {}) if inserting else {}
    return {**document, **update.get("$set", {}), **on_insert}


def inserted(where: Mapping[str, Any], update: Any, now: datetime) -> Document:
    """The document that an upsert makes."""
    equal = {name: value for name, value in where.items() if not name.startswith("$") and not isinstance(value, dict)}
    return updated(equal, update, now, inserting=True)


def shared(key: tuple[str, ...], document: Document, other: Document) -> Document | None:
    """The value of a unique key that two documents share, if they do. A key of one field is partial, as `claims` is:
    it has every value of a list, and none of a document without the field; the smallest is met first."""
    if len(key) > 1:
        same = all(other.get(name) == document.get(name) for name in key)
        return {name: document.get(name) for name in key} if same else None
    [name] = key
    theirs = other.get(name, [])
    return next(({name: value} for value in sorted(document.get(name, [])) if value in theirs), None)


class Updated:
    """What the updates did: how many documents they met, and the last of them afterwards."""

    def __init__(self) -> None:
        self.matched_count = 0
        self.after: Document | None = None


def copied(state: State) -> State:
    """As deep as it is changed."""
    return defaultdict(dict, {name: dict(documents) for name, documents in state.items()})
