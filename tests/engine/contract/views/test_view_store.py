"""What every store of views promises to its writer, shown with each adapter."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.support.changes import VIEW, batches
from tests.support.things import LOGS, Store, change, ids, move, put, thing
from twinpath.clock import utc_now
from twinpath.domain.views import Change, ChangeWhere, Remove, ViewChange
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch


async def test_what_is_put_is_read_back_with_its_id_and_revision(store: Store) -> None:
    fields = {"at": utc_now(), "text": "✓", "n": 1, "list": [{"x": None}], "map": {"05": 1.5}}

    await store.commit(Batch([put(**fields)]))

    assert await store.get(VIEW, "a") == {"_id": "a", "revision": 1, **fields}
    assert await store.documents(VIEW, ["a", "b"]) == [{"_id": "a", "revision": 1, **fields}]
    assert await store.get(VIEW, "b") is None
    assert await store.documents(VIEW, []) == []


async def test_a_put_replaces_the_fields_it_names(store: Store) -> None:
    await store.commit(Batch([put(map={"x": 1}, kept=1)]))

    await store.commit(Batch([put(map={"y": 2})]))

    assert await thing(store) == {"map": {"y": 2}, "kept": 1}


async def test_a_put_of_a_document_that_is_there_makes_nothing_else_count_twice(store: Store) -> None:
    await store.commit(Batch([put("a", n=1), put("b", n=1)]))

    for position in range(3):
        counted = Change("counts", "c", increment={"n": 1}, create=True)
        await store.commit(Batch([counted, put("a", n=2), put(f"new{position}", n=1)], [move(position, position + 1)]))

    assert await store.get("counts", "c") == {"_id": "c", "revision": 3, "n": 3}
    assert await store.get(VIEW, "a") == {"_id": "a", "revision": 4, "n": 2}
    assert await ids(store) == ["a", "b", "new0", "new1", "new2"]


async def test_a_change_of_a_missing_document_names_it_and_writes_nothing(store: Store) -> None:
    with pytest.raises(KeyError, match=r"things.*missing"):
        await store.commit(Batch([put(n=1), change("missing", set={"n": 1})], [move(0, 1)]))

    assert await ids(store) == []
    assert (await store.checkpoints())["p", LOGS[0]] == 0


async def test_a_change_of_a_document_that_the_batch_removes_is_an_error_too(store: Store) -> None:
    await store.commit(Batch([put("gone", n=1)]))

    with pytest.raises(KeyError, match="gone"):
        await store.commit(Batch([Remove(VIEW, "gone"), change("gone", set={"n": 2})]))

    assert await thing(store, "gone") == {"n": 1}


async def test_a_missing_document_is_an_error_beside_a_change_of_many(store: Store) -> None:
    await store.commit(Batch([put(n=1)]))

    with pytest.raises(KeyError, match="missing"):
        await store.commit(Batch([ChangeWhere(VIEW, {"n": 1}, {"n": 2}), change("missing", set={"n": 1})]))

    assert await thing(store) == {"n": 1}


@pytest.mark.parametrize(
    "misfit",
    [change(increment={"text": 1}), change(append={"text": 1}), change(set={"text.inner": 1})],
    ids=["increment", "append", "set"],
)
async def test_a_change_that_does_not_fit_the_document_is_an_error_and_writes_nothing(
    store: Store, misfit: ViewChange
) -> None:
    await store.commit(Batch([put(text="text")]))

    with pytest.raises(ValueError):  # noqa: PT011 - the stores say it in their own words
        await store.commit(Batch([put("b", n=1), misfit], [move(0, 1)]))

    assert await thing(store) == {"text": "text"}
    assert await ids(store) == ["a"]
    assert (await store.checkpoints())["p", LOGS[0]] == 0


async def test_a_change_with_create_makes_the_document(store: Store) -> None:
    await store.commit(Batch([change(set={"a.b": 1}, increment={"n": 2}, append={"l": 3}, create=True)]))

    assert await thing(store) == {"a": {"b": 1}, "n": 2, "l": [3]}


async def test_increments_add_to_what_is_there_and_start_at_zero(store: Store) -> None:
    await store.commit(Batch([put(by={"open": 1})]))

    await store.commit(Batch([change(increment={"by.open": -1, "by.closed": 2, "total": 0.5})]))

    assert await thing(store) == {"by": {"open": 0, "closed": 2}, "total": 0.5}


async def test_a_change_sets_first_then_increments_then_appends(store: Store) -> None:
    await store.commit(Batch([put(n=9, l=["old"])]))

    await store.commit(Batch([change(set={"n": 5, "l": []}, increment={"n": 1}, append={"l": "new"})]))

    assert await thing(store) == {"n": 6, "l": ["new"]}


async def test_lists_keep_the_last_elements(store: Store) -> None:
    await store.commit(Batch([put(l=[1, 2])]))

    await store.commit(Batch([change(append={"l": 3}, keep=2)]))
    assert await thing(store) == {"l": [2, 3]}

    await store.commit(Batch([change(append={"l": n}, keep=3) for n in (4, 5)]))
    assert await thing(store) == {"l": [3, 4, 5]}

    await store.commit(Batch([change(append={"l": 6}, keep=0)]))
    assert await thing(store) == {"l": []}


async def test_a_removed_document_is_gone_and_removing_it_again_is_fine(store: Store) -> None:
    await store.commit(Batch([put(n=1)]))

    await store.commit(Batch([Remove(VIEW, "a")]))
    await store.commit(Batch([Remove(VIEW, "a")]))

    assert await store.get(VIEW, "a") is None


async def test_a_document_put_after_its_removal_has_nothing_of_the_old_one(store: Store) -> None:
    await store.commit(Batch([put(old=1)]))

    await store.commit(Batch([Remove(VIEW, "a"), put(new=1)]))

    assert await thing(store) == {"new": 1}


async def test_a_change_of_many_meets_what_the_batch_has_made_so_far(store: Store) -> None:
    await store.commit(Batch([put("old", color="red", map={"x": 1}), put("other", color="blue")]))

    renamed = ChangeWhere(VIEW, {"color": "red"}, {"color": "green", "map.y": 2})
    await store.commit(Batch([put("new", color="red"), renamed, put("late", color="red")]))

    assert await thing(store, "old") == {"color": "green", "map": {"x": 1, "y": 2}}
    assert await thing(store, "new") == {"color": "green", "map": {"y": 2}}
    assert await thing(store, "other") == {"color": "blue"}
    assert await thing(store, "late") == {"color": "red"}


async def test_a_change_of_many_reaches_every_element_of_a_list(store: Store) -> None:
    notes = [{"text": "private", "by": "ann"}, {"text": "secret"}]
    await store.commit(Batch([put("a", of=1, x={"notes": notes}), put("b", of=2, x={"notes": notes})]))
    await store.commit(Batch([put("c", of=1, x={"notes": []}), put("d", of=1), put("e", of=1, x=None)]))

    await store.commit(Batch([ChangeWhere(VIEW, {"of": 1}, {"x.notes.$[].text": "erased"})]))

    erased = [{"text": "erased", "by": "ann"}, {"text": "erased"}]
    assert await thing(store, "a") == {"of": 1, "x": {"notes": erased}}
    assert await thing(store, "b") == {"of": 2, "x": {"notes": notes}}
    others = [await store.get(VIEW, name) for name in "cde"]
    assert [(other or {}).get("revision") for other in others] == [1, 1, 1]


async def test_the_elements_of_a_list_are_changed_by_a_change_of_their_own(store: Store) -> None:
    with pytest.raises(ValueError, match="stands alone"):
        await store.commit(Batch([ChangeWhere(VIEW, {"of": 1}, {"notes.$[].text": "erased", "n": 1})]))


async def test_the_revision_grows_with_each_commit_that_changes_the_document(store: Store) -> None:
    revisions = []
    commits: list[list[ViewChange]] = [
        [put(n=1)],
        [change(increment={"n": 1}), change(increment={"n": 1})],
        [change(set={"n": 2})],
        [ChangeWhere(VIEW, {"n": 2}, {"n": 3})],
        [put(n=1)],
    ]
    for batch in commits:
        await store.commit(Batch([*batch, put("b", n=1)]))
        revisions.append((await store.documents(VIEW, ["a"]))[0]["revision"])

    assert revisions == sorted(set(revisions))


async def test_what_is_read_can_be_changed_without_harm(store: Store) -> None:
    given = {"x": [1]}
    await store.commit(Batch([put(map=given)]))
    given["x"].append(2)
    (await thing(store))["map"]["x"].append(3)

    assert await thing(store) == {"map": {"x": [1]}}


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(batches)
async def test_any_batch_comes_out_as_in_the_reference(store: Store, batch: list[ViewChange]) -> None:
    """The in-memory store is the reference: whatever a batch does there, it does in every other store."""
    await store.commit(Batch([Remove(VIEW, name) for name in "ab"]))
    reference = InMemoryViewStore()
    outcomes = []
    for each in (reference, store):
        try:
            await each.commit(Batch(batch))
            outcomes.append(await each.page(VIEW, {}, None, 10))
        except (KeyError, ValueError):  # which of several faults is named is left open
            outcomes.append([{"refused": True}])

    assert outcomes[1] == outcomes[0]
