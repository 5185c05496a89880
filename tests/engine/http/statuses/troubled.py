"""An adapter whose store is in trouble when a test wants it to be."""

import inspect
from typing import Any


class Troubled:
    """Does what the adapter within does; with `trouble` each call to a store raises that instead. `parts` are names of
    adapters within it, which share its trouble.
    """

    def __init__(self, within: object, *parts: str) -> None:
        self._within = within
        self.trouble: Exception | None = None
        for part in parts:
            setattr(self, part, _Part(getattr(within, part), self))

    def __getattr__(self, name: str) -> Any:
        return _troubled(getattr(self._within, name), self)


class _Part:
    def __init__(self, within: object, whole: Troubled) -> None:
        self._within, self._whole = within, whole

    def __getattr__(self, name: str) -> Any:
        return _troubled(getattr(self._within, name), self._whole)


def _troubled(value: Any, whole: Troubled) -> Any:
    if not inspect.iscoroutinefunction(value):
        return value

    async def asked(*args: Any, **named: Any) -> Any:
        if whole.trouble is not None:
            raise whole.trouble
        return await value(*args, **named)

    return asked
