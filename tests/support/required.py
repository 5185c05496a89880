"""The query that an operation can't do without, from the examples of its document."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode


def required_query(operation: Mapping[str, Any]) -> str:
    """`?name=value` for each parameter of the query that is required; empty where none is."""
    values = {
        parameter["name"]: parameter.get("example", parameter["schema"].get("examples", [""])[0])
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query" and parameter.get("required")
    }
    return f"?{urlencode(values)}" if values else ""
