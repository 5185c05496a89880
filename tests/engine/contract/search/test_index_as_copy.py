"""A search index is a copy as the one in Redis is: positions, revisions, removals, fills; on every engine."""

import pytest

from tests.engine.contract.search.indexes import LOG, VIEW, article, filled, skus, whole
from twinpath.errors import Unavailable
from twinpath.searching.interface import SearchIndex


async def written(index: SearchIndex, expected: int, position: int, *names: str, revision: int = 1) -> bool:
    """Write articles called as their SKUs."""
    documents = [whole(article(name.split()[0], name), revision) for name in names]
    taken = await index.write(VIEW, {LOG: (expected, position)}, documents, [])
    await index.refresh(VIEW)
    return taken


async def test_what_was_written_is_found_and_the_position_moves(index: SearchIndex) -> None:
    await filled(index, [])
    assert await written(index, 0, 3, "lamp one", "lamp two")
    assert sorted(await skus(index, "lamp")) == ["lamp"]
    assert await index.positions(VIEW) == {LOG: 3} == await index.seen(VIEW)


async def test_a_write_from_another_position_is_refused_and_changes_nothing(index: SearchIndex) -> None:
    await filled(index, [])
    await written(index, 0, 2, "desk")
    assert not await written(index, 1, 3, "chair")
    assert not await written(index, 0, 3, "chair")
    assert await skus(index, "chair") == []
    assert await index.positions(VIEW) == {LOG: 2}


async def test_positions_of_several_logs_move_together_or_not_at_all(index: SearchIndex) -> None:
    await filled(index, [])
    lamp, desk = whole(article("a", "lamp")), whole(article("a", "desk"), 2)
    assert await index.write(VIEW, {LOG: (0, 2), "article.1": (0, 3)}, [lamp], [])
    assert not await index.write(VIEW, {LOG: (2, 4), "article.1": (0, 4)}, [desk], [])
    await index.refresh(VIEW)
    assert (await skus(index, "lamp"), await skus(index, "desk")) == (["a"], [])
    assert await index.positions(VIEW) == {LOG: 2, "article.1": 3} == await index.seen(VIEW)
    await index.adopt(VIEW, {LOG: 7, "article.2": 0})
    assert await index.positions(VIEW) == {LOG: 7, "article.1": 3, "article.2": 0}


async def test_an_older_revision_never_replaces_a_newer_one(index: SearchIndex) -> None:
    await filled(index, [])
    await written(index, 0, 1, "a green", revision=5)
    await written(index, 1, 2, "a yellow", revision=4)
    await written(index, 2, 3, "a orange", revision=5)
    assert await skus(index, "green") == ["a"]
    assert await skus(index, "yellow") == await skus(index, "orange") == []
    await written(index, 3, 4, "a violet", revision=6)
    assert await skus(index, "violet") == ["a"]
    assert await skus(index, "green") == []


async def test_what_was_removed_is_found_no_more_and_may_come_back(index: SearchIndex) -> None:
    await filled(index, [])
    await written(index, 0, 1, "a green", "b green", revision=7)
    assert await index.write(VIEW, {LOG: (1, 2)}, [], ["article-a", "article-never"])
    await index.refresh(VIEW)
    assert await skus(index, "green") == ["b"]
    await written(index, 2, 3, "a green", revision=8)
    assert sorted(await skus(index, "green")) == ["a", "b"]


async def test_a_fill_adds_what_is_absent_or_older_and_nothing_that_was_removed_meanwhile(index: SearchIndex) -> None:
    await index.begin_fill(VIEW, "mine")
    await written(index, 0, 1, "a new", revision=3)
    assert await index.write(VIEW, {LOG: (1, 2)}, [], ["article-gone"])
    read = [whole(article("a", "old"), 2), whole(article("gone", "old"), 4), whole(article("c", "old"), 1)]
    assert await index.fill_state(VIEW) == "mine"
    assert await index.fill(VIEW, "mine", read, True)
    await index.refresh(VIEW)
    assert await index.fill_state(VIEW) == "done"
    assert await skus(index, "old") == ["c"]
    assert await skus(index, "new") == ["a"]


async def test_a_fill_brings_back_what_was_removed_before_it_began(index: SearchIndex) -> None:
    await filled(index, [article("a", "lamp"), article("b", "lamp")])
    assert await index.write(VIEW, {LOG: (0, 1)}, [], ["article-a"])
    await index.begin_fill(VIEW, "later")
    assert await index.write(VIEW, {LOG: (1, 2)}, [], ["article-b"])
    back = [whole(article("a", "lamp"), 9), whole(article("b", "lamp"), 9)]
    assert await index.fill(VIEW, "later", back, True)
    await index.refresh(VIEW)
    assert await skus(index, "lamp") == ["a"]


async def test_a_fill_of_somebody_else_is_refused(index: SearchIndex) -> None:
    await index.begin_fill(VIEW, "first")
    await index.begin_fill(VIEW, "second")
    assert not await index.fill(VIEW, "first", [whole(article("a", "old"))], True)
    assert await index.fill(VIEW, "second", [], True)
    await index.refresh(VIEW)
    assert await skus(index, "old") == []


async def test_an_index_that_is_not_filled_answers_no_search(index: SearchIndex) -> None:
    await written(index, 0, 1, "lamp")
    with pytest.raises(Unavailable) as refused:
        await skus(index, "lamp")
    assert refused.value.code == "search_unavailable"
    await filled(index, [])
    assert await skus(index, "lamp") == ["lamp"]
    await index.adopt(VIEW, {"article.1": 7})
    assert await index.positions(VIEW) == {LOG: 1, "article.1": 7}
    assert await index.fill_state(VIEW) is None


async def test_generations_know_nothing_of_each_other_and_one_is_forgotten_alone(index: SearchIndex) -> None:
    await filled(index, [article("old", "lamp")])
    await filled(index, [article("new", "lamp")], f"{VIEW}@2")
    assert (await skus(index, "lamp"), await skus(index, "lamp", view=f"{VIEW}@2")) == (["old"], ["new"])
    await index.forget(VIEW)
    assert await skus(index, "lamp", view=f"{VIEW}@2") == ["new"]
    assert await index.positions(VIEW) == {}
    assert await index.fill_state(VIEW) is None
    with pytest.raises(Unavailable):
        await skus(index, "lamp")
