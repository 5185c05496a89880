"""A cursor of the MongoDB in memory: it reads once, when its list is asked for."""

from collections.abc import Awaitable, Callable

from tests.engine.model.mongodb_language import Document

Select = Callable[[list[Document]], list[Document]]
"""What a cursor takes of the documents that fit, in its order."""


class ModelCursor:
    """As much of AsyncCursor as is used."""

    def __init__(self, read: Callable[[Select], Awaitable[list[Document]]]) -> None:
        self._read = read
        self._key, self._direction, self._limit = "_id", 1, 0

    def sort(self, key: str, direction: int) -> "ModelCursor":
        """See AsyncCursor.sort."""
        self._key, self._direction = key, direction
        return self

    def limit(self, limit: int) -> "ModelCursor":
        """See AsyncCursor.limit; 0 is no limit."""
        self._limit = limit
        return self

    def batch_size(self, batch_size: int) -> "ModelCursor":
        """See AsyncCursor.batch_size; it changes nothing of what is read."""
        return self

    async def to_list(self) -> list[Document]:
        """See AsyncCursor.to_list."""
        return await self._read(self._selected)

    def _selected(self, found: list[Document]) -> list[Document]:
        ordered = sorted(found, key=lambda one: one[self._key], reverse=self._direction < 0)
        return ordered[: self._limit] if self._limit else ordered
