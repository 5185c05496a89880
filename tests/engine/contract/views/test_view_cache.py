"""What every copy of views promises, shown with each adapter."""

import asyncio

import pytest
from redis.asyncio import Redis

from tests.support.copies import LOG, VIEW, Copy, thing
from twinpath.domain.views import Cached
from twinpath.errors import CopyTrails
from twinpath.views.interface import ViewCache
from twinpath.views.redis.cache import RedisViewCache


async def test_what_was_written_is_read_back_as_it_was(cache: ViewCache) -> None:
    whole = Cached("a", 7, '"v-7"', b'{"text":"\xe2\x9c\x93","n":null}')
    empty = Cached("b", 2**40, "", b"")

    assert await cache.write(VIEW, {LOG: (0, 5)}, [whole, empty], [])

    assert await cache.get(VIEW, "a") == whole
    assert await cache.get_many(VIEW, ["b", "absent", "a"]) == [empty, None, whole]
    assert await cache.get_many(VIEW, []) == []
    assert await cache.get(VIEW, "absent") is None
    assert await cache.get("other", "a") is None


async def test_a_write_moves_the_position_of_its_log_and_view_alone(cache: ViewCache) -> None:
    await cache.write(VIEW, {LOG: (0, 5)}, [], [])
    await cache.write(VIEW, {"repair.1": (0, 2)}, [], [])

    assert await cache.positions(VIEW) == {LOG: 5, "repair.1": 2}
    assert await cache.positions("other") == {}


async def test_a_write_from_another_position_is_refused_and_writes_nothing(cache: ViewCache) -> None:
    await cache.write(VIEW, {LOG: (0, 5)}, [thing("a", 1), thing("b", 1)], [])

    for expected in (0, 4, 6):
        assert not await cache.write(VIEW, {LOG: (expected, 9)}, [thing("a", 2), thing("new", 1)], ["b"])

    assert await cache.positions(VIEW) == {LOG: 5}
    assert await cache.get_many(VIEW, ["a", "b", "new"]) == [thing("a", 1), thing("b", 1), None]


async def test_a_lower_revision_never_overwrites_a_higher(cache: ViewCache) -> None:
    """Two logs can change one document; whose write comes last says nothing of whose document is newer."""
    await cache.write(VIEW, {LOG: (0, 1)}, [thing("a", 10)], [])

    assert await cache.write(VIEW, {"repair.1": (0, 1)}, [thing("a", 9, "older"), thing("b", 1)], [])

    assert await cache.get_many(VIEW, ["a", "b"]) == [thing("a", 10), thing("b", 1)]
    assert await cache.positions(VIEW) == {LOG: 1, "repair.1": 1}
    await cache.write(VIEW, {LOG: (1, 2)}, [thing("a", 11)], [])
    assert await cache.get(VIEW, "a") == thing("a", 11)


async def test_what_is_removed_is_gone_and_may_come_back_with_any_revision(cache: ViewCache) -> None:
    await cache.write(VIEW, {LOG: (0, 1)}, [thing("a", 9), thing("b", 9)], [])

    await cache.write(VIEW, {LOG: (1, 2)}, [thing("b", 1)], ["a", "b", "absent"])

    assert await cache.get_many(VIEW, ["a", "b"]) == [None, thing("b", 1)]


async def test_a_copy_that_lost_all_says_so_and_refuses_the_next_write(copy: Copy) -> None:
    await copy.cache.write(VIEW, {LOG: (0, 5)}, [thing("a", 1)], [])
    await copy.cache.begin_fill(VIEW, "token")
    await copy.cache.fill(VIEW, "token", [], last=True)

    await copy.flush()

    assert await copy.cache.positions(VIEW) == {}
    assert await copy.cache.fill_state(VIEW) is None
    assert await copy.cache.get(VIEW, "a") is None
    assert not await copy.cache.write(VIEW, {LOG: (5, 6)}, [thing("a", 2)], [])
    assert await copy.cache.get(VIEW, "a") is None


async def test_many_gets_at_once_each_have_their_own_answer(cache: ViewCache) -> None:
    await cache.write(VIEW, {LOG: (0, 1)}, [thing(str(n), n + 1) for n in range(700)], [])
    await cache.write("other", {LOG: (0, 1)}, [thing("0", 99)], [])

    answers = await asyncio.gather(
        *(cache.get(VIEW, str(n)) for n in range(900)), cache.get("other", "0"), *(cache.get(VIEW, "5") for _ in "ab")
    )

    assert answers[:700] == [thing(str(n), n + 1) for n in range(700)]
    assert answers[700:900] == [None] * 200
    assert answers[900:] == [thing("0", 99), thing("5", 6), thing("5", 6)]


async def test_a_get_that_is_cancelled_leaves_the_others_their_answers(cache: ViewCache) -> None:
    await cache.write(VIEW, {LOG: (0, 1)}, [thing("a", 1), thing("b", 2)], [])

    gets = [asyncio.create_task(cache.get(VIEW, name)) for name in "aab"]
    await asyncio.wait(gets, timeout=0)
    gets[0].cancel()

    assert await asyncio.gather(*gets[1:]) == [thing("a", 1), thing("b", 2)]
    assert await cache.get(VIEW, "a") == thing("a", 1)


async def test_a_get_shows_what_was_written_before_it_began(cache: ViewCache) -> None:
    for revision in range(1, 20):
        earlier = asyncio.create_task(cache.get(VIEW, "a"))
        await asyncio.wait([earlier], timeout=0)
        await cache.write(VIEW, {LOG: (revision - 1, revision)}, [thing("a", revision)], [])
        assert await cache.get(VIEW, "a") == thing("a", revision)
        await earlier


async def test_a_read_tells_whether_the_copy_has_reached_what_is_asked_of_it(cache: ViewCache) -> None:
    await cache.write(VIEW, {LOG: (0, 5)}, [thing("a", 1)], [])
    await cache.write(VIEW, {"repair.1": (0, 2)}, [], [])
    enough: list[dict[str, int]] = [{}, {LOG: 5}, {LOG: 1, "repair.1": 2, "repair.2": 0}]
    too_much: list[dict[str, int]] = [{LOG: 6}, {LOG: 5, "repair.1": 3}, {"repair.2": 1}]

    for at_least in enough:
        assert await cache.get(VIEW, "a", at_least) == thing("a", 1)
        assert await cache.get_many(VIEW, ["a", "b"], at_least) == [thing("a", 1), None]
        assert await cache.get_many(VIEW, [], at_least) == []
    for at_least in too_much:
        for read in (cache.get(VIEW, "a", at_least), cache.get(VIEW, "absent", at_least)):
            with pytest.raises(CopyTrails):
                await read
        for ids in (["a"], []):
            with pytest.raises(CopyTrails):
                await cache.get_many(VIEW, ids, at_least)


async def test_reads_that_ask_for_different_positions_share_nothing_but_the_way(cache: ViewCache) -> None:
    await cache.write(VIEW, {LOG: (0, 5)}, [thing("a", 1)], [])
    asked = [{LOG: 5}, {LOG: 6}, {}, {LOG: 7}]

    answers = await asyncio.gather(*(cache.get(VIEW, "a", at) for at in asked), return_exceptions=True)

    assert [isinstance(answer, CopyTrails) for answer in answers] == [False, True, False, True]


async def test_what_a_read_is_told_moves_with_the_copy_also_back(copy: Copy) -> None:
    await copy.cache.write(VIEW, {LOG: (0, 5)}, [thing("a", 1)], [])
    assert await copy.cache.get(VIEW, "a", {LOG: 5})
    await copy.cache.write(VIEW, {LOG: (5, 6)}, [thing("a", 2)], [])
    assert await copy.cache.get(VIEW, "a", {LOG: 6}) == thing("a", 2)

    await copy.flush()
    await copy.cache.write(VIEW, {LOG: (0, 4)}, [thing("a", 1)], [])

    with pytest.raises(CopyTrails):
        await copy.cache.get(VIEW, "a", {LOG: 6})


async def test_positions_of_several_logs_move_together_or_not_at_all(cache: ViewCache) -> None:
    assert await cache.write(VIEW, {LOG: (0, 2), "repair.1": (0, 3)}, [thing("a", 1)], ["b"])
    assert not await cache.write(VIEW, {LOG: (2, 4), "repair.1": (0, 4)}, [thing("a", 2)], [])
    assert not await cache.write(VIEW, {"repair.1": (0, 4), LOG: (2, 4)}, [thing("a", 2)], [])
    assert await cache.positions(VIEW) == {LOG: 2, "repair.1": 3}
    copied = await cache.get(VIEW, "a")
    assert copied is not None
    assert copied.revision == 1
    await cache.adopt(VIEW, {LOG: 7, "repair.2": 0})
    assert await cache.positions(VIEW) == {LOG: 7, "repair.1": 3, "repair.2": 0}


async def test_positions_are_exact_however_large(cache: ViewCache) -> None:
    await cache.adopt(VIEW, {LOG: 2**53 + 1})
    assert await cache.write(VIEW, {LOG: (2**53 + 1, 2**53 + 3)}, [], [])

    assert await cache.positions(VIEW) == {LOG: 2**53 + 3}


async def test_positions_that_an_earlier_version_wrote_are_taken_over(redis_url: str, unique: str) -> None:
    async with Redis.from_url(redis_url) as client:
        cache = RedisViewCache(client, unique)
        before = {LOG: 5, "repair.1": 7}
        for log, position in before.items():
            await client.hset(f"{unique}:{{{VIEW}}}|positions", log, str(position))

        assert await cache.positions(VIEW) == before
        with pytest.raises(CopyTrails):  # nobody of this version has looked at it yet
            await cache.get(VIEW, "a", {LOG: 5})
        assert not await cache.write(VIEW, {LOG: (0, 1)}, [], [])
        assert await cache.write(VIEW, {LOG: (5, 5)}, [], [])

        assert await cache.get(VIEW, "a", before) is None
        assert await cache.positions(VIEW) == before
        await cache.forget(VIEW)
        assert await cache.positions(VIEW) == {}
