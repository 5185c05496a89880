"""A change of all documents that fit reaches each of their copies in the cache, also when the cache missed it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.events import OwnerErased, RepairOpened
from tests.engine.workshop.views import REPAIR_DETAILS, RepairDetailsProjection
from tests.support.eventually import eventually
from tests.support.recording import NOON, changes_of
from twinpath.domain.events import Metadata
from twinpath.domain.views import ChangeWhere, Document, ViewChange
from twinpath.ids import log_of
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.interface import NewCommit
from twinpath.projecting.applying.applier import Applied
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch, CheckpointMove

ADA, BOB = "owner-1", "owner-2"
REPAIRS, OWNERS = "repair.0", log_of(ADA, 4)
SEVERAL_PAGES = 1_100
ERASURE = changes_of(RepairDetailsProjection(), OwnerErased(), ADA)


class CountingViews(InMemoryViewStore):
    """Counts the pages that are read with a filter."""

    pages = 0

    async def page(self, view: str, where: Mapping[str, Any], *asked: Any, **options: Any) -> list[Document]:
        """See ViewReader.page."""
        self.pages += bool(where)
        return await super().page(view, where, *asked, **options)


class Copied:
    """Repairs of two owners, all of them in the cache."""

    def __init__(self, look_seconds: float) -> None:
        self.views, self.store, self.cache = (
            CountingViews(),
            InMemoryEventStore(EVENTS.categories),
            InMemoryViewCache(),
        )
        projections = [RepairDetailsProjection()]
        self.sync = CacheSync(projections, self.store, self.views, self.cache, EVENTS, look_seconds)

    async def commit(self, log: str, before: int, after: int, changes: Sequence[ViewChange]) -> Applied:
        """Commit to the views, and say so to nobody."""
        moves = [CheckpointMove("repair_details", log, before, after)]
        await self.views.commit(Batch(changes, moves))
        return Applied(log, changes, moves)

    async def write(self, applied: Applied) -> None:
        """Tell the cache, and wait for it."""
        self.sync.applied(applied)
        await self.sync.flushed()

    async def shown(self) -> dict[str, list[str]]:
        """Owner -> the messages of their repairs, as the cache has them, each once."""
        ids = [document["_id"] for document in await self.views.page("repair_details", {}, None, 10_000)]
        messages: dict[str, set[str]] = {ADA: set(), BOB: set()}
        for copy in await self.cache.get_many("repair_details", ids):
            assert copy is not None, "every repair is in the cache"
            repair = orjson.loads(copy.body)
            messages[repair["owner_id"]].add(repair["message"])
        return {owner: sorted(of) for owner, of in messages.items()}


@asynccontextmanager
async def copied(repairs: int, look_seconds: float = 60) -> AsyncIterator[Copied]:
    system = Copied(look_seconds)
    await system.views.prepare([REPAIR_DETAILS], [("repair_details", log) for log in (REPAIRS, OWNERS)])
    await system.sync.start()
    opened = [change for n in range(repairs) for change in opening(f"repair-{n}", BOB if n % 10 == 0 else ADA)]
    await system.write(await system.commit(REPAIRS, 0, repairs, opened))
    assert await system.shown() == {ADA: ["private"], BOB: ["private"]}
    yield system
    await system.sync.stop()


def opening(repair: str, owner: str) -> list[ViewChange]:
    event = RepairOpened(subject="private", message="private", owner_id=owner, opened_at=NOON)
    return changes_of(RepairDetailsProjection(), event, repair, 1)


@pytest.mark.parametrize("repairs", [2, SEVERAL_PAGES])
async def test_every_document_that_fits_is_brought(repairs: int) -> None:
    async with copied(repairs) as system:
        await system.write(await system.commit(OWNERS, 0, 1, ERASURE))

        assert await system.shown() == {ADA: ["erased"], BOB: ["private"]}
        assert (await system.cache.positions("repair_details"))[OWNERS] == 1


async def test_what_the_same_transaction_made_is_brought_too() -> None:
    async with copied(2) as system:
        await system.write(await system.commit(REPAIRS, 2, 3, [*opening("repair-9", ADA), *ERASURE]))

        assert await system.shown() == {ADA: ["erased"], BOB: ["private"]}


async def test_it_is_brought_when_no_checkpoint_moved() -> None:
    async with copied(2) as system:
        await system.write(await system.commit(REPAIRS, 2, 2, ERASURE))

        assert await system.shown() == {ADA: ["erased"], BOB: ["private"]}


async def test_one_that_the_cache_missed_is_made_good_from_the_log() -> None:
    async with copied(SEVERAL_PAGES, look_seconds=0.01) as system:
        erased = [EVENTS.encode(OwnerErased())]
        appended = await system.store.append(NewCommit(ADA, erased, 0, "erase", Metadata(NOON, "ann", "c-1")))
        assert (appended.log, appended.position) == (OWNERS, 1)
        await system.cache.adopt("repair_details", {OWNERS: 0})

        await system.commit(OWNERS, 0, 1, ERASURE)

        await eventually(lambda: is_at(system, 1), pause=0.01)
        assert await system.shown() == {ADA: ["erased"], BOB: ["private"]}


async def is_at(system: Copied, position: int) -> bool:
    return (await system.cache.positions("repair_details")).get(OWNERS) == position


async def test_one_of_a_view_that_is_not_copied_costs_no_reading() -> None:
    async with copied(2) as system:
        elsewhere = ChangeWhere("repair_list", {"owner_id": ADA}, {"subject": "erased"})
        await system.write(await system.commit(OWNERS, 0, 1, [elsewhere]))

        assert system.views.pages == 0
