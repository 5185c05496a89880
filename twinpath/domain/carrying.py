"""What is stored is carried, not judged: reads a type's data without the limits and validators that it declares.

A rule, a limit or a third-party list holds where a command comes in. What was accepted once is read by its structure
alone, whatever the rules of today say. This works on the schema that pydantic builds for a type, so it holds for
whatever is declared in it, at any depth.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import CoreConfig, SchemaValidator

_LIMITS = frozenset(
    {
        *("gt", "ge", "lt", "le", "multiple_of", "max_digits", "decimal_places", "allow_inf_nan"),
        *("min_length", "max_length", "pattern", "strip_whitespace", "to_lower", "to_upper"),
        *("now_op", "tz_constraint", "now_utc_offset"),
    }
)
_FUNCTIONS = frozenset({"function-before", "function-after", "function-wrap"})
_NO_SCHEMAS = frozenset({"metadata", "serialization", "default", "expected", "members", "config", "cls"})


def carrying(kind: Any) -> Callable[[Any], Any]:
    """Reads a value of this type, a class or an annotation, from Python or JSON data, and checks its structure alone.

    The function raises pydantic.ValidationError where the data has another structure.
    """
    return _validator(kind).validate_python


def carry_into(instance: Any, data: Mapping[str, Any]) -> None:
    """Fill a new instance of a model with its data, as the model's own `__init__` does, but for the rules."""
    _validator(type(instance)).validate_python(data, self_instance=instance)


def rules_in(kind: Any) -> list[str]:
    """Where a type checks more than the structure of its data, as paths: `price.currency`. Empty where it does not."""
    return list(dict.fromkeys(_rules(TypeAdapter(kind).core_schema)))


_validators: dict[Any, SchemaValidator] = {}


def _validator(kind: Any) -> SchemaValidator:
    if (validator := _validators.get(kind)) is None:
        # else pydantic takes the validators of nested models as they were built, with their rules
        # what is read may be personal data, and an error ends up in logs: it does not quote them
        schema, config = _without_rules(TypeAdapter(kind).core_schema), CoreConfig(hide_input_in_errors=True)
        validator = SchemaValidator(schema, config, _use_prebuilt=False)
        _validators[kind] = validator
    return validator


def _without_rules(schema: Any) -> Any:
    if isinstance(schema, list | tuple):
        return type(schema)(map(_without_rules, schema))
    if not isinstance(schema, dict):
        return schema
    if _is_rule(schema):
        return _without_rules(schema["schema"])
    without = {name: _inner(name, value, _without_rules) for name, value in schema.items() if name not in _LIMITS}
    without.pop("strict", None)
    # a model that carries by an `__init__` of its own would come here again
    return without | {"custom_init": False} if schema.get("type") == "model" else without


def _inner(name: str, value: Any, change: Callable[[Any], Any]) -> Any:
    """What stands in a schema under a name, changed; the names of a model's fields may be those of limits."""
    if name in _NO_SCHEMAS:
        return value
    if name == "fields" and isinstance(value, dict):
        return {field: change(described) for field, described in value.items()}
    return change(value)


def _rules(schema: Any, path: str = "") -> Iterator[str]:
    if isinstance(schema, list | tuple):
        for part in schema:
            yield from _rules(part, path)
    if not isinstance(schema, dict):
        return
    if _is_rule(schema) or not _LIMITS.isdisjoint(schema):
        yield path
    if schema.get("type") == "dataclass-field":
        path = f"{path}.{schema['name']}" if path else schema["name"]
    for name, inner in schema.items():
        if name == "fields" and isinstance(inner, dict):
            for field, described in inner.items():
                yield from _rules(described, f"{path}.{field}" if path else field)
        elif name not in _NO_SCHEMAS:
            yield from _rules(inner, path)


def _is_rule(schema: Mapping[str, Any]) -> bool:
    """Whether it calls a function of a team's or a library's; those of pydantic itself give a type its structure."""
    if schema.get("type") not in _FUNCTIONS:
        return False
    module = str(getattr(schema["function"]["function"], "__module__", ""))
    is_url = module == "pydantic.networks" and schema["type"] == "function-wrap"
    return not is_url and not module.startswith("pydantic._internal")
