"""Merged changes come out as the changes one by one do, in as few operations as can be."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings

from tests.support.changes import VIEW, batches
from twinpath.domain.views import Change, ChangeWhere, Document, Put, Remove, ViewChange
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch
from twinpath.views.merging import Operation, merged
from twinpath.views.writes import Tail, Write


async def documents(commits: Sequence[Sequence[ViewChange]]) -> list[Document]:
    """What a store holds after these commits, less the revisions, which count operations."""
    store = InMemoryViewStore()
    for changes in commits:
        await store.commit(Batch(changes))
    found = await store.page(VIEW, {}, None, 100)
    return [{name: value for name, value in document.items() if name != "revision"} for document in found]


def operations(*changes: ViewChange) -> list[Operation]:
    return merged(changes).get(VIEW, [])


def change(**fields: object) -> Change:
    return Change(VIEW, "a", **fields)  # type: ignore[arg-type]


@settings(max_examples=10 * settings().max_examples)
@example(
    [Put(VIEW, "a", {"n": 1}), Put(VIEW, "b", {"n": 1}), ChangeWhere(VIEW, {"n": 1}, {"n": 2}), change(set={"n": 3})]
)
@example([change(append={"l": 1}, keep=2, create=True), change(append={"l": 2}, keep=0), change(append={"l": 3})])
@example([Put(VIEW, "a", {"a": 0}), change(set={"a.b": 1, "a": 2})])
@given(batches)
async def test_a_batch_comes_out_as_its_changes_one_by_one_do(batch: list[ViewChange]) -> None:
    try:
        one_by_one = await documents([[each] for each in batch])
    except (KeyError, ValueError):
        return  # a projection's error; merged it may be overwritten unseen

    assert await documents([batch]) == one_by_one


async def test_a_change_does_not_touch_what_the_projection_holds() -> None:
    document = {"notes": ["one"], "counts": {"open": 1}}

    merged([Put(VIEW, "a", document), change(append={"notes": "two"}, increment={"counts.open": 1})])

    assert document == {"notes": ["one"], "counts": {"open": 1}}


def test_changes_fold_into_the_put_before_them() -> None:
    put = Put(VIEW, "a", {"status": "open", "count": 0, "notes": [], "by_day": {"01": 1}})
    folded = change(set={"status": "closed"}, increment={"count": 2, "by_day.02": 1}, append={"notes": "n"})

    whole = {"status": "closed", "count": 2, "notes": ["n"], "by_day": {"01": 1, "02": 1}}
    assert operations(put, folded) == [Write(VIEW, "a", create=True, set=whole)]


def test_increments_of_one_path_add_up() -> None:
    one = change(increment={"by_status.open": 1, "by_status.closed": 1})
    other = change(increment={"by_status.open": -3})

    assert operations(one, other) == [Write(VIEW, "a", False, increment={"by_status.open": -2, "by_status.closed": 1})]


def test_a_set_drops_what_was_incremented_and_appended_there() -> None:
    before = change(increment={"n": 1, "a.b": 1}, append={"l": 1})
    after = change(set={"n": 5, "a": {"c": 1}, "l": []})

    assert operations(before, after) == [Write(VIEW, "a", False, set={"n": 5, "a": {"c": 1}, "l": []})]


def test_set_and_increment_of_one_path_in_one_change_are_computed() -> None:
    assert operations(change(set={"n": 5}, increment={"n": 2})) == [Write(VIEW, "a", False, set={"n": 7})]


@pytest.mark.parametrize(("first", "then", "keep"), [(2, 2, 2), (1, 5, 2), (5, 1, 1), (None, 2, 2), (2, None, 3)])
def test_appends_join_under_the_tighter_rule(first: int | None, then: int | None, keep: int) -> None:
    joined = operations(change(append={"l": "x"}, keep=first), change(append={"l": "y"}, keep=then))

    assert joined == [Write(VIEW, "a", False, append={"l": Tail(["x", "y"][-keep:], keep)})]


def test_what_a_store_would_refuse_in_one_update_becomes_a_further_operation() -> None:
    both = operations(change(increment={"a.b": 1}), change(increment={"a": 1}))

    assert both == [Write(VIEW, "a", False, increment={"a.b": 1}), Write(VIEW, "a", False, increment={"a": 1})]


def test_a_removal_drops_what_came_before() -> None:
    assert operations(Put(VIEW, "a", {"n": 1}), change(set={"n": 2}), Remove(VIEW, "a")) == [Remove(VIEW, "a")]


def test_what_follows_a_removal_starts_anew() -> None:
    put = Put(VIEW, "a", {"n": 1})

    assert operations(put, Remove(VIEW, "a"), put) == [Remove(VIEW, "a"), Write(VIEW, "a", True, set={"n": 1})]


def test_a_put_after_a_change_still_asks_for_the_document() -> None:
    """One by one the change would have failed on a missing document, so the whole must too."""
    assert operations(change(set={"n": 1}), Put(VIEW, "a", {"n": 2})) == [Write(VIEW, "a", False, set={"n": 2})]


def test_a_change_of_many_is_a_barrier_for_its_view_alone() -> None:
    everywhere = ChangeWhere(VIEW, {}, {"n": 2})
    there = Change("other", "a", set={"n": 1})
    plan = merged([change(set={"n": 1}), there, everywhere, change(set={"n": 3}), there])

    assert plan[VIEW] == [Write(VIEW, "a", False, set={"n": 1}), everywhere, Write(VIEW, "a", False, set={"n": 3})]
    assert plan["other"] == [Write("other", "a", False, set={"n": 1})]


def test_operations_of_one_kind_stand_together() -> None:
    gone = [each for name in "ab" for each in (Remove(VIEW, name), Put(VIEW, name, {"n": 1}))]

    assert [type(operation) for operation in operations(*gone)] == [Remove, Remove, Write, Write]


@pytest.mark.parametrize("name", ["_id", "revision"])
def test_no_change_may_name_what_is_the_stores(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        merged([Put(VIEW, "a", {name: 1})])


def test_what_cannot_be_computed_is_left_for_the_store_to_refuse() -> None:
    text = Put(VIEW, "a", {"n": "text"})

    assert operations(text, change(increment={"n": 1})) == [
        Write(VIEW, "a", create=True, set={"n": "text"}),
        Write(VIEW, "a", create=False, increment={"n": 1}),
    ]
