"""A fill of a copy, and a log whose first events come while it is under way, of which the copy hears nothing."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.events import RepairOpened
from tests.engine.workshop.views import RepairDetailsProjection
from tests.support.eventually import eventually
from tests.support.recording import NOON
from twinpath.domain.events import Metadata
from twinpath.domain.views import Cached, Document, Put, View
from twinpath.errors import Unavailable
from twinpath.ids import log_of
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.interface import NewCommit
from twinpath.projecting.applying.applier import Applied
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch, CheckpointMove

VIEW = RepairDetailsProjection.name


class HeldPages(InMemoryViewStore):
    """Whoever reads a page gets what was there when it asked, once it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()

    async def page(self, *asked: Any, **options: Any) -> list[Document]:
        """See ViewReader.page."""
        found = await super().page(*asked, **options)
        await self.go_on.wait()
        return found


class Shown(RepairDetailsProjection):
    """The repair's view, shown as it is."""

    views = (View(VIEW, copy=True),)


LOG_OF_A, LOG_OF_B = log_of("repair-a", 4), log_of("repair-b", 4)


def opened(repair: str) -> Put:
    return Put(VIEW, repair, {"version": 1})


async def appended(store: InMemoryEventStore, repair: str, events: int) -> None:
    """Have the log tell of a repair."""
    event = EVENTS.encode(RepairOpened(subject="brakes", message="they squeak", opened_at=NOON))
    await store.append(NewCommit(repair, [event] * events, 0, f"open-{repair}", Metadata(NOON, "ann", "c-1")))


async def test_a_log_that_begins_during_a_fill_is_copied_too() -> None:
    views, cache = HeldPages(), InMemoryViewCache()
    store = InMemoryEventStore(EVENTS.categories)
    await views.prepare([], [(VIEW, LOG_OF_A), (VIEW, LOG_OF_B)])
    await views.commit(Batch([opened("repair-b")], [CheckpointMove(VIEW, LOG_OF_B, 0, 1)]))
    sync = CacheSync([Shown()], store, views, cache, EVENTS, look_seconds=0.005)
    await sync.start()

    async def is_at(log: str, position: int) -> bool:
        return (await cache.positions(VIEW)).get(log) == position

    await eventually(lambda: is_at(LOG_OF_B, 1), pause=0.001)
    await appended(store, "repair-a", 1)
    await views.commit(Batch([opened("repair-a")], [CheckpointMove(VIEW, LOG_OF_A, 0, 1)]))  # its answer was lost
    await eventually(lambda: is_at(LOG_OF_A, 1), pause=0.001)
    views.go_on.set()

    async def is_copied() -> bool:
        return None not in await cache.get_many(VIEW, ["repair-a", "repair-b"])

    await eventually(is_copied, limit=5, pause=0.001)
    await sync.stop()


class Refuses(InMemoryViewCache):
    """Refuses the `next` call, `begin_fill`, `fill` or `positions`, for a `reason`."""

    next = ""
    reason: Exception = Unavailable("the connection broke")

    async def positions(self, view: str) -> dict[str, int]:
        """See ViewCache.positions."""
        self._refuse("positions")
        return await super().positions(view)

    async def begin_fill(self, view: str, token: str) -> None:
        """See ViewCache.begin_fill."""
        self._refuse("begin_fill")
        await super().begin_fill(view, token)

    async def fill(self, view: str, token: str, documents: Sequence[Cached], last: bool) -> bool:
        """See ViewCache.fill."""
        self._refuse("fill")
        return await super().fill(view, token, documents, last)

    def _refuse(self, call: str) -> None:
        if self.next == call:
            self.next = ""
            raise self.reason


@pytest.mark.parametrize("reason", [Unavailable("the connection broke"), ValueError("nobody thought of that")])
@pytest.mark.parametrize("call", ["begin_fill", "fill", "positions"])
async def test_a_fill_of_a_copy_that_was_emptied_is_done_again_when_it_fails(call: str, reason: Exception) -> None:
    views, cache = InMemoryViewStore(), Refuses()
    cache.reason = reason
    await views.prepare([], [(VIEW, "repair.0")])
    await views.commit(Batch([opened("repair-b")], [CheckpointMove(VIEW, "repair.0", 0, 1)]))
    store = InMemoryEventStore(EVENTS.categories)
    sync = CacheSync([Shown()], store, views, cache, EVENTS, look_seconds=0.005)
    await sync.start()
    assert await sync.filled(VIEW, seconds=5)
    cache.next = call
    cache.flush()

    async def is_copied() -> bool:
        return await cache.get(VIEW, "repair-b") is not None

    await eventually(is_copied, limit=5, pause=0.001)
    assert cache.next == ""
    await sync.stop()


NO_JSON = b"bytes"


async def test_a_document_that_can_not_be_rendered_is_left_out_and_keeps_no_other_from_the_copy() -> None:
    views, cache = InMemoryViewStore(), InMemoryViewCache()
    await views.prepare([], [(VIEW, "repair.0")])
    texts = {"repair-a": "a", "repair-b": NO_JSON, "repair-c": "c"}
    await views.commit(
        Batch(
            [Put(VIEW, document_id, {"text": text}) for document_id, text in texts.items()],
            [CheckpointMove(VIEW, "repair.0", 0, 3)],
        )
    )
    sync = CacheSync([Shown()], InMemoryEventStore(EVENTS.categories), views, cache, EVENTS)
    await sync.start()
    assert await sync.filled(VIEW, seconds=5)
    changes = [
        Put(VIEW, "repair-a", {"text": NO_JSON}),
        Put(VIEW, "repair-d", {"text": NO_JSON}),
        Put(VIEW, "repair-e", {"text": "e"}),
    ]
    move = CheckpointMove(VIEW, "repair.0", 3, 6)
    await views.commit(Batch(changes, [move]))
    sync.applied(Applied("repair.0", changes, [move]))
    await sync.flushed()
    await sync.stop()

    copied = await cache.get_many(VIEW, [f"repair-{letter}" for letter in "abcde"])
    assert [one and one.body for one in copied] == [None, None, b'{"text":"c"}', None, b'{"text":"e"}']


class LogBegins(InMemoryViewStore):
    """The first document of another log comes just before a page is read; the copy is not told of it."""

    async def page(self, *asked: Any, **options: Any) -> list[Document]:
        """See ViewReader.page."""
        if (await self.checkpoints())[VIEW, LOG_OF_A] == 0:
            await self.commit(Batch([opened("repair-a")], [CheckpointMove(VIEW, LOG_OF_A, 0, 1)]))
        return await super().page(*asked, **options)


async def test_what_a_fill_brought_of_a_log_that_begins_meanwhile_does_not_stay_as_it_was() -> None:
    views, cache = LogBegins(), InMemoryViewCache()
    store = InMemoryEventStore(EVENTS.categories)
    await appended(store, "repair-a", 2)
    await views.prepare([], [(VIEW, LOG_OF_A), (VIEW, LOG_OF_B)])
    await views.commit(Batch([opened("repair-b")], [CheckpointMove(VIEW, LOG_OF_B, 0, 1)]))
    sync = CacheSync([Shown()], store, views, cache, EVENTS, look_seconds=0.2)
    await sync.start()
    assert await sync.filled(VIEW, seconds=5)
    await views.commit(Batch([Put(VIEW, "repair-a", {"version": 2})], [CheckpointMove(VIEW, LOG_OF_A, 1, 2)]))

    async def is_new() -> bool:
        copied = await cache.get(VIEW, "repair-a")
        return copied is not None and copied.revision == 2

    await eventually(is_new, limit=5, pause=0.01)
    await sync.stop()


class Growing(InMemoryViewStore):
    """Whenever a page is read another document comes, the last by id."""

    async def page(self, *asked: Any, **options: Any) -> list[Document]:
        """See ViewReader.page."""
        found = await super().page(*asked, **options)
        await asyncio.sleep(0)  # a store takes its time, so that who waits for the fill can give up
        at = (await self.checkpoints())[VIEW, "repair.0"]
        await self.commit(Batch([opened(f"repair-{at + 1:06}")], [CheckpointMove(VIEW, "repair.0", at, at + 1)]))
        return found


async def test_a_fill_ends_though_documents_keep_coming() -> None:
    views, cache = Growing(), InMemoryViewCache()
    await views.prepare([], [(VIEW, "repair.0")])
    await views.commit(Batch([opened("repair-000001")], [CheckpointMove(VIEW, "repair.0", 0, 1)]))
    sync = CacheSync([Shown()], InMemoryEventStore(EVENTS.categories), views, cache, EVENTS)
    await sync.start()

    assert await sync.filled(VIEW, seconds=5)
    await sync.stop()
