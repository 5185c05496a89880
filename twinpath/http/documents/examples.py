"""Examples for documents, put together from what the fields of a model declare."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from twinpath.ids import UUID_PATTERN, id_example

_ID_PATTERN = re.compile(rf"\^(\w+)-{re.escape(UUID_PATTERN)}\$")
_ID = re.compile(rf"(\w+)-{UUID_PATTERN}")


def example_of(model: type[BaseModel]) -> dict[str, Any]:
    """A value that the model takes: each field's first example, ids of its category, the first of its choices.

    What is optional and has no example is left out.
    """
    example: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        value = _of_field(info)
        if value is not None:
            example[str(info.validation_alias or name)] = value
    return example


def category_of_id(text: object) -> str | None:
    """The category of what looks like an id, None where it is something else."""
    matched = _ID.fullmatch(text) if isinstance(text, str) else None
    return matched[1] if matched else None


def takes_none(info: FieldInfo) -> bool:
    """Whether a field may be None."""
    return type(None) in get_args(info.annotation)


def with_nulls(example: Any, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """The example with null for each required field that it lacks and that may be null.

    FastAPI leaves nulls out of a document, also where an example has them.
    """
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    choices = schema.get("anyOf", ())
    if choices and example is not None:
        schema = next((choice for choice in choices if choice.get("type") != "null"), schema)
        return with_nulls(example, schema, schemas) if "anyOf" not in schema else example
    if isinstance(example, list):
        return [with_nulls(item, schema.get("items", {}), schemas) for item in example]
    if not isinstance(example, dict):
        return example
    fields = schema.get("properties", {})
    filled = {name: with_nulls(value, fields.get(name, {}), schemas) for name, value in example.items()}
    missing = [name for name in schema.get("required", ()) if name not in example and _may_be_null(fields[name])]
    return filled | dict.fromkeys(missing)


def _may_be_null(schema: Mapping[str, Any]) -> bool:
    return any(choice.get("type") == "null" for choice in schema.get("anyOf", ()))


def _of_field(info: FieldInfo) -> Any:
    if info.examples:
        return info.examples[0]
    if not info.is_required():
        return None
    return _of_type(info.annotation, info.metadata)


def _of_type(kind: Any, metadata: list[Any] | tuple[Any, ...]) -> Any:
    for constraint in metadata:
        if examples := getattr(constraint, "examples", None):
            return examples[0]
        pattern = getattr(constraint, "pattern", None)
        if isinstance(pattern, str) and (matched := _ID_PATTERN.fullmatch(pattern)):
            return id_example(matched[1])
    if get_origin(kind) is Annotated:
        return _of_type(get_args(kind)[0], get_args(kind)[1:])
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if get_origin(kind) in (list, tuple):
        item = _of_type(get_args(kind)[0], ())
        return [] if item is None else [item]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return example_of(kind)
    return None
