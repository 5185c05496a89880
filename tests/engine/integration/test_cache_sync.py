"""The copy in Redis beside the views in MongoDB: live writes, losses that heal, late comers that change nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.engine.support.copied_views import OWNERS, REPAIRS, CopiedViews, copied_views, nobody
from tests.engine.workshop.events import OwnerErased, OwnerRegistered
from tests.support.eventually import eventually
from tests.support.provided.servers import Server
from twinpath.domain.views import Remove
from twinpath.errors import Unavailable
from twinpath.ids import new_id
from twinpath.projecting.applying.applier import Applied
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.views.interface import Batch, CheckpointMove

SELDOM, OFTEN = 3600.0, 0.05
"""Seconds between two looks for what was missed: none after the first, or one all the time."""


@pytest.fixture
async def views(mongodb_url: str, redis_url: str, unique: str) -> AsyncIterator[CopiedViews]:
    async with copied_views(mongodb_url, redis_url, unique) as made:
        yield made


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of two documents, and two events of a gap at a time."""
    for module in ("copy_keeper", "filling"):
        monkeypatch.setattr(f"twinpath.projecting.copying.{module}.PAGE", 2)
    monkeypatch.setattr("twinpath.projecting.copying.copy_keeper._GAP_EVENTS", 2)


async def test_what_was_applied_is_in_the_copy(views: CopiedViews) -> None:
    async with views.synced(SELDOM) as sync:
        first, second = await views.opened(), await views.opened()
        await views.apply(sync.applied)
        await views.noted(first)
        await views.apply(sync.applied)
        await sync.flushed()

        assert await views.are_copied()
        copied = await views.cache.get_many("repair_details", [first, second])
        assert [one and one.etag for one in copied] == ['"2"', '"1"']


async def test_what_left_its_view_leaves_the_copy(views: CopiedViews) -> None:
    async with views.synced(SELDOM) as sync:
        gone, stays = await views.opened(), await views.opened()
        await views.apply(sync.applied)
        removal, move = [Remove("repair_details", gone)], [CheckpointMove("repair_details", REPAIRS, 2, 3)]
        await views.writer.commit(Batch(removal, move))
        sync.applied(Applied(REPAIRS, removal, move))
        await sync.flushed()

        assert await views.are_copied()
        copied = await views.cache.get_many("repair_details", [gone, stays])
        assert [one and one.id for one in copied] == [None, stays]


async def made_good(views: CopiedViews) -> None:
    async with views.synced(OFTEN):
        await eventually(views.are_copied)


async def erasure_of_five_repairs(views: CopiedViews, sync: CacheSync) -> None:
    """A owner with five repairs, all of it copied; then their erasure, in the log alone."""
    owner = await views.happened(new_id("owner"), OwnerRegistered(name="Ada", email="ada@example.org"))
    for _ in range(5):
        await views.opened(owner)
    await views.apply(sync.applied)
    await sync.flushed()
    assert await views.are_copied()
    await views.happened(owner, OwnerErased())


@pytest.mark.usefixtures("small_steps")
async def test_an_erasure_reaches_every_document_that_it_met(views: CopiedViews) -> None:
    async with views.synced(SELDOM) as sync:
        await erasure_of_five_repairs(views, sync)
        await views.apply(sync.applied)
        await sync.flushed()

        assert await views.are_copied()


@pytest.mark.usefixtures("small_steps")
async def test_an_erasure_that_was_never_told_is_made_good_too(views: CopiedViews) -> None:
    async with views.synced(SELDOM) as sync:
        await erasure_of_five_repairs(views, sync)
        await views.apply(nobody)

    await made_good(views)


@pytest.mark.usefixtures("small_steps")
async def test_a_commit_that_was_never_told_is_made_good_from_the_log(views: CopiedViews) -> None:
    async with views.synced(SELDOM) as sync:
        await views.opened()
        await views.apply(sync.applied)
    for _ in range(5):
        await views.opened()
    await views.apply(nobody)

    await made_good(views)


async def test_what_comes_after_a_gap_is_not_taken_for_all(views: CopiedViews) -> None:
    async with views.synced(SELDOM) as sync:
        await views.opened()
        await views.apply(sync.applied)
        missed = await views.opened()
        await views.apply(nobody)
        await views.opened()
        await views.apply(sync.applied)
        await sync.flushed()
        assert (await views.cache.positions("repair_details"))[REPAIRS] == 1
        assert await views.cache.get("repair_details", missed) is None

    await made_good(views)


async def test_what_waits_leads_on_from_where_a_part_of_it_was_made_good(views: CopiedViews) -> None:
    told: list[Applied] = []
    async with views.synced(SELDOM) as sync:
        for _ in range(2):
            last = await views.opened()
            await views.apply(told.append)
        await views.cache.adopt("repair_details", {REPAIRS: 1})
        for applied in told:
            sync.applied(applied)
        await sync.flushed()

        assert (await views.cache.positions("repair_details"))[REPAIRS] == 2
        assert await views.cache.get("repair_details", last) is not None


async def test_more_than_can_wait_is_made_good_from_the_log(
    views: CopiedViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twinpath.projecting.copying.steps.MOST_WAITING", 1)
    told: list[Applied] = []
    async with views.synced(SELDOM) as sync:
        for _ in range(5):
            await views.opened()
            await views.apply(told.append)
        for applied in told:
            sync.applied(applied)
        await sync.flushed()
        assert (await views.cache.positions("repair_details"))[REPAIRS] == 1

    await made_good(views)


async def test_the_first_events_of_a_log_are_copied_though_a_look_came_before_them(views: CopiedViews) -> None:
    async with views.synced(SELDOM):
        await eventually(views.are_filled)
    await views.opened()
    await views.apply(nobody)

    async with views.synced(OFTEN):
        await eventually(views.are_copied)


@pytest.mark.usefixtures("small_steps")
async def test_a_copy_that_begins_after_its_views_is_filled(views: CopiedViews) -> None:
    for _ in range(5):
        await views.opened()
    await views.apply(nobody)

    async with views.synced(SELDOM):
        assert await views.are_copied()


@pytest.mark.usefixtures("small_steps")
async def test_a_copy_that_was_lost_is_filled_again_and_goes_on(views: CopiedViews) -> None:
    async with views.synced(OFTEN) as sync:
        repairs = [await views.opened() for _ in range(5)]
        await views.apply(sync.applied)
        await sync.flushed()
        await views.lose_the_copy()
        await eventually(views.are_filled)
        await eventually(views.are_copied)

        await views.noted(repairs[0])
        await views.apply(sync.applied)
        await sync.flushed()
        assert await views.are_copied()


async def test_what_is_applied_before_a_loss_was_noticed_comes_with_the_fill(views: CopiedViews) -> None:
    async with views.synced(SELDOM) as sync:
        repairs = [await views.opened() for _ in range(5)]
        await views.apply(sync.applied)
        await sync.flushed()
        await views.lose_the_copy()
        await views.noted(repairs[0])
        await views.apply(sync.applied)
        await sync.flushed()
        assert await views.cache.positions("repair_details") == {}
        assert await views.cache.get_many("repair_details", repairs) == [None] * 5

    async with views.synced(SELDOM):
        assert await views.are_copied()


async def test_a_late_write_of_another_replica_does_not_set_the_copy_back(views: CopiedViews) -> None:
    told: list[Applied] = []
    async with views.synced(SELDOM) as sync:
        repair = await views.opened()
        await views.apply(sync.applied)
        await sync.flushed()
        async with views.synced(SELDOM, views.held_writer) as late:
            await views.noted(repair)
            await views.apply(told.append)
            late.applied(told[0])
            await views.held_writer.read.wait()  # it knows of one note, and hangs
            sync.applied(told[0])
            await views.noted(repair)
            await views.apply(sync.applied)
            await sync.flushed()
            views.held_writer.go_on.set()
            await late.flushed()

            assert await views.are_copied()


async def test_a_late_write_of_another_log_does_not_overwrite_what_is_newer(views: CopiedViews) -> None:
    """Two logs change a owner's repair: what the erasure left of it is read, then a note is copied, then that."""
    told: list[Applied] = []
    async with views.synced(SELDOM) as sync:
        owner = await views.happened(new_id("owner"), OwnerRegistered(name="Ada", email="ada@example.org"))
        repair = await views.opened(owner)
        await views.apply(sync.applied)
        await sync.flushed()
        async with views.synced(SELDOM, views.held_writer) as late:
            await views.happened(owner, OwnerErased())
            await views.apply(told.append)
            late.applied(told[0])
            await views.held_writer.read.wait()
            await views.noted(repair)
            await views.apply(sync.applied)
            await sync.flushed()
            assert await views.cache.positions("repair_details") == {REPAIRS: 2, OWNERS: 1}
            views.held_writer.go_on.set()
            await late.flushed()

            assert await views.cache.positions("repair_details") == {REPAIRS: 2, OWNERS: 2}
            assert await views.are_copied()


async def test_what_waits_is_written_before_the_end(views: CopiedViews) -> None:
    async with views.synced(SELDOM) as sync:
        await views.opened()
        await views.apply(sync.applied)

    assert await views.are_copied()


async def test_a_redis_that_was_away_is_brought_up_to_date(
    mongodb_url: str, unique: str, private_redis: Callable[[], Server]
) -> None:
    redis = private_redis()
    async with copied_views(mongodb_url, redis.url, unique) as views:
        async with views.synced(SELDOM) as sync:
            await views.opened()
            await views.apply(sync.applied)
        async with views.synced(OFTEN) as sync:
            await asyncio.to_thread(redis.stop)
            await eventually(lambda: is_in_trouble(sync))
            await views.opened()
            await views.apply(sync.applied)
            await asyncio.to_thread(redis.start)
            await eventually(lambda: is_out_of_trouble(sync))

            async def are_copied() -> bool:
                try:
                    return await views.are_copied()
                except Unavailable:  # a connection in the pool that the restart has closed
                    return False

            await eventually(are_copied)


async def is_in_trouble(sync: CacheSync) -> bool:
    return sync.trouble is not None


async def is_out_of_trouble(sync: CacheSync) -> bool:
    return sync.trouble is None
