"""Live updates: one watch of the views a process, fanned out to every subscriber of Server-Sent Events.

A subscriber holds the ids that changed since it last looked, each once, so a slow one costs little and sees the latest
state; when more changed than it may hold, it is told to read its list anew.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from shared.errors import NotFound, Unavailable
from shared.view_store.interface import ViewReader

HEARTBEAT_SECONDS = 15.0
MOST_PENDING = 1_000
_RETRY_SECONDS = 0.5
_log = structlog.get_logger(__name__)

Render = Callable[[str], Awaitable[bytes | None]]
"""From a document's id to the JSON to send, or None when the subscriber does not want it."""


@dataclass(eq=False)
class _Subscriber:
    view: str
    wants: Callable[[str], bool]
    pending: dict[str, None] = field(default_factory=dict)
    overflowed: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class LiveViews:
    """Follows changes while somebody listens."""

    def __init__(self, reader: ViewReader, views: Sequence[str]) -> None:
        self._reader = reader
        self._views = views
        self._subscribers: set[_Subscriber] = set()
        self._watch: asyncio.Task[None] | None = None
        self._stopping = False

    async def events(
        self, view: str, wants: Callable[[str], bool], name: str, render: Render, first: bytes | None = None
    ) -> AsyncIterator[bytes]:
        """The frames of one subscription: `first`, then each wanted document as it changes, and heartbeats."""
        subscriber = _Subscriber(view, wants)
        self._subscribers.add(subscriber)
        self._watch = self._watch or asyncio.create_task(self._follow(), name="live views")
        try:
            if first is not None:
                yield _frame(name, first)
            while not self._stopping:
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await subscriber.woken.wait()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                async for frame in _frames(subscriber, name, render):
                    yield frame
        finally:
            self._subscribers.discard(subscriber)
            if not self._subscribers and self._watch is not None:
                self._watch.cancel()
                self._watch = None

    def stop(self) -> None:
        """End every subscription, so that the service can stop."""
        self._stopping = True
        for subscriber in self._subscribers:
            subscriber.woken.set()

    async def _follow(self) -> None:
        while True:
            try:
                async for view, document_id in self._reader.watch_documents(self._views):
                    self._tell(view, document_id)
            except Unavailable as error:
                _log.warning("views_not_followed", error=error.detail)
            for subscriber in self._subscribers:  # what changed while nobody watched can't be known
                subscriber.overflowed = True
                subscriber.woken.set()
            await asyncio.sleep(_RETRY_SECONDS)

    def _tell(self, view: str, document_id: str) -> None:
        for subscriber in self._subscribers:
            if subscriber.view == view and subscriber.wants(document_id):
                if len(subscriber.pending) >= MOST_PENDING:
                    subscriber.pending.clear()
                    subscriber.overflowed = True
                subscriber.pending[document_id] = None
                subscriber.woken.set()


async def _frames(subscriber: _Subscriber, name: str, render: Render) -> AsyncIterator[bytes]:
    subscriber.woken.clear()
    if subscriber.overflowed:
        subscriber.overflowed = False
        yield _frame("reset", b'{"detail":"Changes were missed: read anew."}')
    pending, subscriber.pending = subscriber.pending, {}
    for document_id in pending:
        try:
            body = await render(document_id)
        except (NotFound, Unavailable):
            continue  # gone again, or to be told by the reset that follows
        if body is not None:
            yield _frame(name, body)


def _frame(name: str, body: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + body + b"\n\n"
