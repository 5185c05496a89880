"""Every operation of a document as its page would send it: the examples filled in, headers and filters empty."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.required import required_query


@dataclass(frozen=True)
class Request:
    """What a click on "Execute" sends."""

    operation: str
    method: str
    path: str
    content: str | None
    media_type: str | None


def requests_of(document: Mapping[str, Any]) -> Iterator[Request]:
    """In the order of the document."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            values = {p["name"]: p["example"] for p in operation.get("parameters", ()) if p["in"] == "path"}
            content = operation.get("requestBody", {}).get("content", {})
            media_type = next(iter(content), None)
            example = content[media_type]["example"] if media_type else None
            text = example if isinstance(example, str) or example is None else json.dumps(example)
            target = path.format(**values) + required_query(operation)
            yield Request(operation["operationId"], method.upper(), target, text, media_type)
