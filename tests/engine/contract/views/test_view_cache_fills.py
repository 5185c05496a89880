"""What every copy of views promises to those who fill it: nothing newer is overwritten, nothing removed comes back."""

import pytest

from tests.support.copies import LOG, VIEW, Copy, thing
from tests.support.eventually import eventually
from twinpath.views.interface import ViewCache


async def test_an_adopted_position_is_where_writing_goes_on(cache: ViewCache) -> None:
    await cache.adopt(VIEW, {LOG: 40})

    assert await cache.positions(VIEW) == {LOG: 40}
    assert not await cache.write(VIEW, {LOG: (0, 1)}, [], [])
    assert await cache.write(VIEW, {LOG: (40, 41)}, [thing("a", 3)], [])


@pytest.mark.parametrize("last", [False, True])
async def test_what_is_adopted_is_to_be_filled_in_whatever_was_filled_before(cache: ViewCache, last: bool) -> None:
    await cache.begin_fill(VIEW, "token")
    assert await cache.fill(VIEW, "token", [thing("a", 1)], last)

    await cache.adopt(VIEW, {LOG: 40})

    assert await cache.fill_state(VIEW) is None
    assert not await cache.fill(VIEW, "token", [thing("b", 1)], last=True)
    assert await cache.fill_state(VIEW) is None
    assert await cache.get_many(VIEW, ["a", "b"]) == [thing("a", 1), None]


async def test_a_fill_adds_what_is_absent_or_older_and_overwrites_nothing_newer(cache: ViewCache) -> None:
    await cache.write(VIEW, {LOG: (0, 1)}, [thing("a", 5), thing("c", 9)], [])
    await cache.begin_fill(VIEW, "token")

    assert await cache.fill(VIEW, "token", [thing("a", 4, "read earlier"), thing("b", 4), thing("c", 10)], last=False)

    assert await cache.get_many(VIEW, ["a", "b", "c"]) == [thing("a", 5), thing("b", 4), thing("c", 10)]


@pytest.mark.parametrize("state", [None, "another token", "done"])
async def test_a_fill_that_lost_its_token_writes_nothing(cache: ViewCache, state: str | None) -> None:
    if state is not None:
        await cache.begin_fill(VIEW, "another token")
    if state == "done":
        assert await cache.fill(VIEW, "another token", [], last=True)

    assert not await cache.fill(VIEW, "token", [thing("a", 1)], last=True)

    assert await cache.get(VIEW, "a") is None
    assert await cache.fill_state(VIEW) == state


async def test_a_fill_is_aborted_when_the_copy_loses_all_meanwhile(copy: Copy) -> None:
    await copy.cache.begin_fill(VIEW, "token")
    assert await copy.cache.fill(VIEW, "token", [thing("a", 1)], last=False)

    await copy.flush()

    assert not await copy.cache.fill(VIEW, "token", [thing("b", 1)], last=False)


async def test_no_fill_brings_back_what_was_removed_after_it_was_read(cache: ViewCache) -> None:
    await cache.begin_fill(VIEW, "token")
    await cache.write(VIEW, {LOG: (0, 1)}, [thing("a", 3), thing("b", 3)], [])
    await cache.write(VIEW, {LOG: (1, 2)}, [], ["a", "b", "c"])
    await cache.write(VIEW, {LOG: (2, 3)}, [thing("b", 1)], [])

    for last in (False, True):
        assert await cache.fill(VIEW, "token", [thing("a", 3), thing("b", 3), thing("c", 3)], last)

    assert await cache.get_many(VIEW, ["a", "b", "c"]) == [None, thing("b", 1), None]


async def test_what_was_removed_before_a_fill_began_may_be_there_again(cache: ViewCache) -> None:
    await cache.write(VIEW, {LOG: (0, 1)}, [], ["a"])
    await cache.begin_fill(VIEW, "given up")
    await cache.write(VIEW, {LOG: (1, 2)}, [], ["b"])
    await cache.begin_fill(VIEW, "token")

    assert await cache.fill(VIEW, "token", [thing("a", 1), thing("b", 1)], last=True)

    assert await cache.get_many(VIEW, ["a", "b"]) == [thing("a", 1), thing("b", 1)]


async def test_a_fill_that_goes_on_keeps_its_token_and_one_that_stopped_loses_it(copy: Copy) -> None:
    cache = copy.brief
    for view in ("goes on", "stopped", "ended"):
        await cache.begin_fill(view, "token")
    assert await cache.fill("ended", "token", [], last=True)
    assert await cache.fill_state("stopped") == "token"

    async def forgotten() -> bool:
        assert await cache.fill("goes on", "token", [thing("a", 1)], last=False)
        return await cache.fill_state("stopped") is None

    await eventually(forgotten, limit=5)
    assert await cache.fill_state("goes on") == "token"
    assert await cache.fill_state("ended") == "done"
