"""Reads JSON that a client sent as a model, with integers as JSON Schema has them, for one command and for many alike.

Pydantic takes "1" and true for an integer, or with `strict` refuses 10.0; JSON Schema has it the other way round, since
JSON knows numbers alone. So what the model's own schema calls an integer is looked at before pydantic reads it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic_core import InitErrorDetails, PydanticKnownError, from_json, to_json

_Model = TypeVar("_Model", bound=BaseModel)

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""May stand before a text; RFC 8259 §8.1 allows to ignore it."""


def _no_text(value: Any) -> Any:
    if isinstance(value, str | bool):
        raise PydanticKnownError("int_type")
    return value


WholeNumber = Annotated[int, BeforeValidator(_no_text)]
"""An integer of a body that FastAPI reads, which does not call `read_json`."""


def read_json(model: type[_Model], content: bytes) -> _Model:
    """The model that the content stands for. Of a name that is given twice the last counts.

    Raises:
        ValidationError: it is no JSON, or does not fit.
    """
    integers = _integers_of(model)
    if integers is not None:
        try:
            value = from_json(content)
        except ValueError:  # pydantic says where
            return model.model_validate_json(content)
        faults = [InitErrorDetails(type="int_type", loc=at, input=wrong) for at, wrong in integers.faults(value)]
        if faults:
            raise ValidationError.from_exception_data(model.__name__, faults, "json")
        if integers.made_whole(value):
            content = to_json(value)
    return model.model_validate_json(content)


@dataclass(eq=False)
class _Integers:
    """Where a schema wants integers: here, in these properties, in the items of a list or of a mapping."""

    here: bool = False
    others: bool = False
    """Whether a text or a truth value may stand here as well."""
    properties: dict[str, "_Integers"] = field(default_factory=dict)
    items: list["_Integers"] = field(default_factory=list)

    def faults(self, value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
        """Where a text or a truth value stands in place of an integer."""
        if self.here and not self.others and isinstance(value, str | bool):
            yield at, value
        for key, inner, within in self._inside(value):
            yield from within.faults(inner, (*at, key))

    def made_whole(self, value: Any) -> bool:
        """Make an integer of every whole number where one belongs, in place; whether there was any."""
        changed = False
        for key, inner, within in self._inside(value):
            if within.here and isinstance(inner, float) and inner.is_integer():
                value[key] = int(inner)
                changed = True
            changed |= within.made_whole(inner)
        return changed

    def _inside(self, value: Any) -> Iterator[tuple[Any, Any, "_Integers"]]:
        if isinstance(value, dict):
            for name, inner in value.items():
                within = [self.properties[name]] if name in self.properties else self.items
                yield from ((name, inner, integers) for integers in within)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                yield from ((index, inner, integers) for integers in self.items)


@cache
def _integers_of(model: type[BaseModel]) -> _Integers | None:
    """Where this model wants integers, None where nowhere."""
    schema = model.model_json_schema()
    root = _Integers()
    kept: dict[str, _Integers] = {}
    _note(root, schema, schema.get("$defs", {}), kept)
    return root if any(integers.here for integers in _reached(root)) else None


def _note(integers: _Integers, schema: Mapping[str, Any], defs: Mapping[str, Any], kept: dict[str, _Integers]) -> None:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in kept:  # a model may hold itself
            kept[name] = _Integers()
            _note(kept[name], defs[name], defs, kept)
        referred = kept[name]
        integers.here, integers.others = referred.here or integers.here, referred.others or integers.others
        if not integers.properties and not integers.items:  # shared, as a model that holds itself is not complete yet
            integers.properties, integers.items = referred.properties, referred.items
        else:
            integers.properties = {**integers.properties, **referred.properties}
            integers.items = [*integers.items, *referred.items]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    integers.here |= "integer" in kinds
    integers.others |= not {"string", "boolean"}.isdisjoint(kinds)
    for name, inner in schema.get("properties", {}).items():
        _note(integers.properties.setdefault(name, _Integers()), inner, defs, kept)
    for keyword in ("items", "prefixItems", "additionalProperties"):
        inner = schema.get(keyword, [])
        for item in inner if isinstance(inner, list) else [inner] if isinstance(inner, dict) else []:
            integers.items.append(_Integers())
            _note(integers.items[-1], item, defs, kept)
    for keyword in ("anyOf", "oneOf", "allOf"):
        for choice in schema.get(keyword, ()):
            _note(integers, choice, defs, kept)


def _reached(root: _Integers) -> Iterator[_Integers]:
    seen, waiting = set[int](), [root]
    while waiting:
        integers = waiting.pop()
        if id(integers) not in seen:
            seen.add(id(integers))
            yield integers
            waiting += [*integers.properties.values(), *integers.items]
