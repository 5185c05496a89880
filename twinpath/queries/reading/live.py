"""Live updates: one watch of the views a process, fanned out to every subscriber.

A subscription holds the documents that changed since it was last asked, each once, so that a slow subscriber costs
little and sees the latest state; when that would be too many, or changes may have been missed, it says so, and its
subscriber reads everything anew.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import Context
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from twinpath.domain.views import Document
from twinpath.errors import NotFound, Unavailable
from twinpath.observability.logged_exceptions import message_of
from twinpath.views.interface import DocumentChange, Fields, ViewReader, either

HEARTBEAT_SECONDS = 15.0
MOST_PENDING = 1_000
_MOST_IN_ONE_READ = 500
_RETRY_SECONDS = 0.5
_log = structlog.get_logger(__name__)

Changed = Mapping[str, tuple[Document | None, Fields]]
"""Id -> the document as it is now, or None when it is gone; and which fields changed since it was last told."""


ReadSeveral = Callable[[str, Sequence[str]], Awaitable[Sequence[Document]]]


class Source(Protocol):
    """The items that one subscriber is sent, as frames of Server-Sent Events."""

    async def everything(self) -> list[bytes]:
        """The state as it is now. Raises NotFound, Unavailable."""
        ...

    async def changes(self, changed: Changed) -> list[bytes]:
        """The news of these documents. Raises NotFound, Unavailable."""
        ...


@dataclass(eq=False, slots=True)
class Subscription:
    """The changes in these views, or in those of their documents whose id is `key` or begins with `key@`.

    With several views only that something changed can be told: ids are unique within a view alone.
    """

    views: tuple[str, ...]
    key: str | None
    missed: bool = False
    changed: dict[str, tuple[Document | None, Fields]] = field(default_factory=dict)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, seconds: float) -> bool:
        """Wait until there is something to take; False when nothing came within `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.woken.wait()
        return self.woken.is_set()

    def take(self) -> tuple[bool, Changed]:
        """Whether everything is to be read anew, and what changed since the last call."""
        missed, changed = self.missed, self.changed
        self.missed, self.changed = False, {}
        self.woken.clear()
        return missed, changed

    def tell(self, document_id: str, document: Document | None, fields: Fields) -> None:
        """One document changed, in these fields."""
        if len(self.changed) >= MOST_PENDING and document_id not in self.changed:
            self.miss()
        if not self.missed:
            before = self.changed.get(document_id)
            self.changed[document_id] = document, fields if before is None else either(before[1], fields)
            self.woken.set()

    def miss(self) -> None:
        """Changes may have been missed."""
        self.missed = True
        self.changed.clear()
        self.woken.set()


class LiveViews:
    """Follows changes of these views while somebody listens; `several` reads documents of one by their ids."""

    def __init__(self, reader: ViewReader, views: Sequence[str], several: ReadSeveral) -> None:
        self._reader = reader
        self._several = several
        self._views = views
        self._subscriptions: defaultdict[tuple[str, str | None], set[Subscription]] = defaultdict(set)
        self._wanted: dict[tuple[str, str], Fields] = {}
        self._has_wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._complete = False
        self._stopping = False

    @contextmanager
    def subscribed(self, *views: str, key: str | None = None) -> Iterator[Subscription]:
        """Hear of every change from now on: read the state after this, then wait for what follows."""
        subscription = Subscription(views, key)
        for view in views:
            self._subscriptions[view, key].add(subscription)
        if not self._tasks:
            works = (self._follow, self._read)  # for all who listen, so in nobody's context
            self._tasks = [asyncio.create_task(work(), name="live views", context=Context()) for work in works]
        try:
            yield subscription
        finally:
            for view in views:
                self._subscriptions[view, key].discard(subscription)
                if not self._subscriptions[view, key]:
                    del self._subscriptions[view, key]
            if not self._subscriptions:
                self._end_tasks()

    async def frames(
        self, subscription: Subscription, source: Source, first: Sequence[bytes], pace: float
    ) -> AsyncIterator[bytes]:
        """`first`, then what `source` says of every change, at most once in `pace` seconds; heartbeats in between."""
        for frame in first:
            yield frame
        while not self._stopping:
            if not await subscription.wait(HEARTBEAT_SECONDS):
                yield b": still here\n\n"
                continue
            missed, changed = subscription.take()
            if not missed and not changed:
                continue  # woken by a stop
            try:
                for frame in await (source.everything() if missed else source.changes(changed)):
                    yield frame
            except NotFound:
                return  # what it shows is gone
            except Unavailable:
                yield b": the views do not answer\n\n"
                await asyncio.sleep(_RETRY_SECONDS)
                subscription.miss()
            await asyncio.sleep(pace)

    def subscribers(self) -> Mapping[str, int]:
        """How many there are now, by the first of their views."""
        return Counter(subscription.views[0] for subscription in self._every())

    def checkpoints_moved(self) -> None:
        """A commit was seen. Until the watch has shown its first change, it may have begun after that commit."""
        if not self._complete:
            self._all_missed()

    def stop(self) -> None:
        """The service stops: end every subscription."""
        self._stopping = True
        for subscription in self._every():
            subscription.woken.set()

    @property
    def stopping(self) -> bool:
        """Whether there is no point in waiting for a change any more."""
        return self._stopping

    async def close(self) -> None:
        """Stop, and wait for what runs here."""
        self.stop()
        tasks = list(self._tasks)
        self._end_tasks()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self) -> None:
        is_lost = False
        while True:
            try:
                async for change in self._reader.watch_documents(self._views):
                    self._complete = True
                    if is_lost:
                        _log.info("views_followed_again")
                        is_lost = False
                    self._want(change)
            except Exception as error:  # whatever it was, the next watch makes everybody read anew
                if not is_lost:
                    _log.warning("views_not_followed", error=message_of(error))
                is_lost = True
            self._complete = False
            self._all_missed()
            await asyncio.sleep(_RETRY_SECONDS)

    def _want(self, change: DocumentChange) -> None:
        """Have the document read when somebody listens."""
        heard = ((change.view, key) in self._subscriptions for key in (None, change.id.partition("@")[0]))
        if any(heard):
            wanted = change.view, change.id
            before = self._wanted.get(wanted, change.fields)
            self._wanted[wanted] = either(before, change.fields)
            self._has_wanted.set()

    async def _read(self) -> None:
        """Read each changed document once for all who want it."""
        while True:
            await self._has_wanted.wait()
            self._has_wanted.clear()
            wanted, self._wanted = self._wanted, {}
            by_view: defaultdict[str, dict[str, Fields]] = defaultdict(dict)
            for (view, document_id), fields in wanted.items():
                by_view[view][document_id] = fields
            try:
                for view, changed in by_view.items():
                    ids = list(changed)
                    for start in range(0, len(ids), _MOST_IN_ONE_READ):
                        await self._read_some(view, ids[start : start + _MOST_IN_ONE_READ], changed)
            except Exception as error:
                if not isinstance(error, Unavailable):
                    _log.exception("views_not_read")
                self._all_missed()

    async def _read_some(self, view: str, ids: Sequence[str], changed: Mapping[str, Fields]) -> None:
        documents = {document["_id"]: document for document in await self._several(view, ids)}
        for document_id in ids:
            for key in (None, document_id.partition("@")[0]):
                for subscription in self._subscriptions.get((view, key), ()):
                    subscription.tell(document_id, documents.get(document_id), changed[document_id])

    def _all_missed(self) -> None:
        for subscription in self._every():
            subscription.miss()

    def _every(self) -> set[Subscription]:
        return {subscription for group in self._subscriptions.values() for subscription in group}

    def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        self._complete = False
