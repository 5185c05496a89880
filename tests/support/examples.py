"""Every example that stands in an OpenAPI document, with the schema that it has to fit."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema_rs import Draft202012Validator

Example = tuple[str, Mapping[str, Any], Any]
"""Where it stands, the schema, the example."""


def examples_in(part: Any, where: str = "#") -> Iterator[Example]:
    """Those of media types, parameters, headers and schemas, wherever they stand in the document."""
    if isinstance(part, list):
        for place, item in enumerate(part):
            yield from examples_in(item, f"{where}/{place}")
    if not isinstance(part, Mapping):
        return
    if isinstance(schema := part.get("schema"), Mapping):  # a media type, a parameter or a header
        if "example" in part:
            yield where, schema, part["example"]
        for name, example in (part.get("examples") or {}).items():
            yield f"{where}/{name}", schema, example["value"]
    elif isinstance(part.get("examples"), list):  # a schema
        yield from ((f"{where}/{place}", part, example) for place, example in enumerate(part["examples"]))
    for name, value in part.items():
        if name not in ("example", "examples"):
            yield from examples_in(value, f"{where}/{name}")


def unfit_examples(document: Mapping[str, Any]) -> list[str]:
    """What does not fit its schema, and why."""
    components = document.get("components", {})
    return [
        f"{where}: {error.message}"
        for where, schema, example in examples_in(document)
        for error in Draft202012Validator({**schema, "components": components}, validate_formats=True).iter_errors(
            example
        )
    ]
