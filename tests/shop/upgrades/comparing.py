"""Compares the answers of two versions to the same queries; times after the dump differ, and new fields may come."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any


def differences(expected: Any, found: Any, dumped_at: datetime, place: str = "") -> Iterator[str]:
    """Where an answer is not as expected, in a line each.

    A field that the older version did not have is fine. A time after `dumped_at` is that of an event which each
    version wrote for itself: the other version must give such a time too.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, value in expected.items():
            if name not in found:
                yield f"{place}/{name} is missing"
            else:
                yield from differences(value, found[name], dumped_at, f"{place}/{name}")
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{place}: expected {len(expected)} items, found {len(found)}: {found!r:.500}"
        for number, (left, right) in enumerate(zip(expected, found, strict=False)):
            yield from differences(left, right, dumped_at, f"{place}/{number}")
    elif expected != found and not (_is_after(expected, dumped_at) and _is_after(found, dumped_at)):
        yield f"{place}: expected {expected!r:.200}, found {found!r:.200}"


def _is_after(value: Any, moment: datetime) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value) > moment
    except (ValueError, TypeError):
        return False
