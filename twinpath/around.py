"""Puts something in front of an object: what it does is measured, traced, joined with others or done otherwise."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

_Kind = TypeVar("_Kind")


def around(inner: _Kind, **instead: Callable[..., Any]) -> _Kind:
    """Something of the same kind that has these methods, which may call those of `inner`; all else is that of `inner`.

    Raises TypeError where `inner` has no such method.
    """
    if missing := [name for name in instead if not hasattr(inner, name)]:
        raise TypeError(f"{type(inner).__name__} has no {', '.join(missing)}")
    return cast(_Kind, _Around(inner, instead))


class _Around:
    def __init__(self, inner: object, instead: Mapping[str, Callable[..., Any]]) -> None:
        self.__dict__ |= instead
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
