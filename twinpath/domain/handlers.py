"""Finds which method of a class takes which event, from the annotation of its first parameter."""

import inspect
from collections.abc import Mapping
from types import UnionType
from typing import Union, get_args, get_origin, get_type_hints

from twinpath.domain.events import DomainEvent


def handler_names(kind: type, base: type = object) -> Mapping[type[DomainEvent], str]:
    """Event type -> the name of the public method whose first parameter is annotated with it, alone or in a union.

    Methods that `base` has are not handlers. Raises TypeError when two methods take the same event, since only one of
    them would be called.
    """
    handlers: dict[type[DomainEvent], str] = {}
    for name, function in inspect.getmembers(kind, inspect.isfunction):
        parameters = list(inspect.signature(function).parameters)
        if name.startswith("_") or hasattr(base, name) or len(parameters) < 2:
            continue
        for event in _alternatives(get_type_hints(function).get(parameters[1])):
            if isinstance(event, type) and issubclass(event, DomainEvent):
                if event in handlers:
                    raise TypeError(f"{kind.__name__}.{handlers[event]} and .{name} both take {event.__name__}")
                handlers[event] = name
    return handlers


def _alternatives(annotation: object) -> tuple[object, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
