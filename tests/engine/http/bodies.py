"""Bodies that fit, made of what an OpenAPI document says of them."""

from typing import Any

import orjson


def example_of(content: dict[str, Any], document: dict[str, Any]) -> bytes:
    """A body that fits, as it is sent."""
    example = content.get("example", value_of(content["schema"], document))
    return example.encode() if isinstance(example, str) else orjson.dumps(example)


def value_of(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """A value of this schema: its example, or the least that fits."""
    if reference := schema.get("$ref"):
        return value_of(document["components"]["schemas"][reference.rpartition("/")[2]], document)
    if examples := schema.get("examples", schema.get("enum")):
        return examples[0]
    if choices := schema.get("anyOf", schema.get("oneOf")):
        return value_of(choices[0], document)
    match schema.get("type"):
        case "object":
            required = schema.get("required", ())
            return {name: value_of(schema["properties"][name], document) for name in required}
        case "array":
            return [value_of(schema["items"], document)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
    return "a" * max(1, schema.get("minLength", 1))
