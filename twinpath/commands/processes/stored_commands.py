"""Finds the class of a stored command again: by its stored name, among those that its aggregate decides about."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_type_hints

from twinpath.domain.aggregate import AnyAggregate, Command
from twinpath.ids import category_of


def commands_of(aggregate: AnyAggregate) -> dict[str, type[Command]]:
    """The commands of an aggregate by their stored names: those of the annotation of `decide`'s first parameter."""
    parameter = next(iter(inspect.signature(aggregate.decide).parameters))
    annotation = get_type_hints(aggregate.decide).get(parameter)
    return {command.type: command for command in _concrete(annotation)}


def stored_command(deciders: Mapping[str, AnyAggregate], name: str, stream: str) -> type[Command]:
    """The class of a command with this stored name to this stream. Raises LookupError where there is none."""
    aggregate = deciders.get(category_of(stream))
    command = None if aggregate is None else commands_of(aggregate).get(name)
    if command is None:
        raise LookupError(f"there is no command {name} to {category_of(stream)}")
    return command


def _concrete(annotation: Any) -> Iterator[type[Command]]:
    """The classes of a union, and of a class that is no command itself those below it."""
    for alternative in get_args(annotation):
        yield from _concrete(alternative)
    if isinstance(annotation, type) and issubclass(annotation, Command):
        if "type" in vars(annotation):
            yield annotation
        for below in annotation.__subclasses__():
            yield from _concrete(below)
