"""Tells watchers in this process what changed; a slow one gets what piled up as one, so nothing grows without end."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Watch(Generic[K, V]):
    """One watcher's news: what changed since it last asked, each key once with its values merged."""

    def __init__(self, merge: Callable[[V, V], V]) -> None:
        self._merge = merge
        self._news: dict[K, V] = {}
        self._there = asyncio.Event()

    def add(self, news: Mapping[K, V]) -> None:
        """Put news to what is there already."""
        for key, value in news.items():
            self._news[key] = self._merge(self._news[key], value) if key in self._news else value
        self._there.set()

    async def next(self, seconds: float | None = None) -> dict[K, V]:
        """All news since the last call; waits until there are some, or for so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._there.wait()
        self._there.clear()
        news, self._news = self._news, {}
        return news


class Watchers(Generic[K, V]):
    """Everyone who watches one kind of thing. `merge` makes one value of an earlier and a later one."""

    def __init__(self, merge: Callable[[V, V], V]) -> None:
        self._merge = merge
        self._watches: list[Watch[K, V]] = []

    @contextmanager
    def watch(self) -> Iterator[Watch[K, V]]:
        """Watch from now on until the end of the block."""
        watch: Watch[K, V] = Watch(self._merge)
        self._watches.append(watch)
        try:
            yield watch
        finally:
            self._watches.remove(watch)

    def tell(self, news: Mapping[K, V]) -> None:
        """Give news to every watcher."""
        if news:
            for watch in self._watches:
                watch.add(news)
