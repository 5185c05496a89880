"""Finds which method of a class takes which event, from the annotation of its first parameter."""

import inspect
from collections.abc import Mapping
from functools import cache
from typing import get_type_hints

from twinpath.domain.events import DomainEvent


@cache
def handler_names(kind: type) -> Mapping[type[DomainEvent], str]:
    """Event type -> the name of the public method whose first parameter is annotated with it.

    Raises TypeError when two methods take the same event, since only one of them would be called.
    """
    found: dict[type[DomainEvent], str] = {}
    for name, function in inspect.getmembers(kind, inspect.isfunction):
        parameters = list(inspect.signature(function).parameters)
        if name.startswith("_") or len(parameters) < 2:
            continue
        event = get_type_hints(function).get(parameters[1])
        if isinstance(event, type) and issubclass(event, DomainEvent):
            if event in found:
                raise TypeError(f"{kind.__name__}.{found[event]} and .{name} both take {event.__name__}")
            found[event] = name
    return found
