"""Which metrics, and which labels of them, a PromQL expression names."""

import re
from collections.abc import Iterator

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SELECTOR = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)\s*(?P<call>\()?(?:\{(?P<matchers>[^}]*)\})?")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_DURATION = re.compile(r"\[[^\]]*\]")
_WORDS = frozenset({"and", "or", "unless", "bool", "offset", "sum", "max", "min", "by", "on"})


def selectors(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric with the labels that its matchers name."""
    plain = _DURATION.sub("", _GROUPING.sub("", _STRING.sub("''", expression)))
    for found in _SELECTOR.finditer(plain):
        if not found["call"] and found["name"] not in _WORDS:
            yield found["name"], set(re.findall(r"(\w+)\s*[=!]", found["matchers"] or ""))


def grouping(expression: str) -> set[str]:
    """The labels that it groups by or matches on."""
    return {label.strip() for labels in _GROUPING.findall(expression) for label in labels.split(",") if label.strip()}
