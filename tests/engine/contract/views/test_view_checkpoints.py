"""What every store of views promises of checkpoints: a commit moves them, or is refused and writes nothing."""

import asyncio
from dataclasses import replace

import pytest

from tests.support.changes import VIEW
from tests.support.things import LOGS, THINGS, Store, change, ids, move, put, thing
from twinpath.domain.views import ChangeWhere
from twinpath.errors import CheckpointMoved
from twinpath.views.interface import Batch, StillKept


async def test_a_commit_moves_its_checkpoints(store: Store) -> None:
    await store.commit(Batch([put(n=1)], [move(0, 3), move(0, 5, LOGS[1])]))

    assert await store.checkpoints() == {("p", LOGS[0]): 3, ("p", LOGS[1]): 5}


async def test_preparing_again_changes_nothing(store: Store) -> None:
    await store.commit(Batch([put(n=1)], [move(0, 3)]))

    await store.prepare([THINGS], [("p", LOGS[0]), ("new", LOGS[0])])

    assert await store.checkpoints() == {("p", LOGS[0]): 3, ("p", LOGS[1]): 0, ("new", LOGS[0]): 0}
    assert await thing(store) == {"n": 1}


async def test_a_stale_consumer_is_refused_and_writes_nothing(store: Store) -> None:
    """The zombie of a failover: it applied the same events, and must not apply them twice."""
    await store.commit(Batch([change(increment={"n": 1}, create=True)], [move(0, 3)]))

    with pytest.raises(CheckpointMoved):
        await store.commit(Batch([change(increment={"n": 1}), put("b", n=1)], [move(0, 3)]))

    assert await thing(store) == {"n": 1}
    assert await store.get(VIEW, "b") is None
    assert (await store.checkpoints())["p", LOGS[0]] == 3


async def test_a_move_names_the_owners_whose_data_were_opened_until_the_next_one(store: Store) -> None:
    first, second = replace(move(0, 3), opened=frozenset({"owner-2", "owner-1"})), move(3, 4)

    await store.commit(Batch([put(n=1)], [first, move(0, 1, LOGS[1])]))
    with pytest.raises(CheckpointMoved):
        await store.commit(Batch(moves=[move(0, 9)]))
    named = await store.opened(LOGS[0], ["p", "q"])
    elsewhere = await store.opened(LOGS[1], ["p"])
    await store.commit(Batch(moves=[second]))

    assert {name: set(owners) for name, owners in named.items()} == {"p": {"owner-1", "owner-2"}}
    assert elsewhere == await store.opened(LOGS[0], ["p"]) == {}


async def test_what_was_opened_is_refused_once_an_erasure_is_applied(store: Store) -> None:
    category = LOGS[0].partition(".")[0]
    kept = StillKept("p", store.generation("p").number, dict(store.erasures("p")), {category})
    await store.commit(Batch([put("before", n=1)], kept=kept))
    await store.commit(Batch(moves=[replace(move(0, 9, LOGS[0]), erased=7)]))

    for refused in (kept, replace(kept, erased={LOGS[0]: 6}), replace(kept, erased={LOGS[0]: 7}, generation=0)):
        with pytest.raises(CheckpointMoved):
            await store.commit(Batch([put("after", n=1)], kept=refused))
    taken = {"another": replace(kept, projection="q"), "elsewhere": replace(kept, categories={"none"})}
    for name, condition in {**taken, "known": replace(kept, erased={LOGS[0]: 7})}.items():
        await store.commit(Batch([put(name, n=1)], kept=condition))

    assert await ids(store) == ["another", "before", "elsewhere", "known"]


async def test_what_was_opened_and_an_erasure_that_is_applied_just_now_come_one_after_the_other(store: Store) -> None:
    """Whichever is first: nothing is left that the erasure has not met."""
    for number in range(10):
        await store.checkpoints()
        kept = StillKept("p", store.generation("p").number, dict(store.erasures("p")), {LOGS[0].partition(".")[0]})
        wipe = ChangeWhere(VIEW, {"whose": number}, {"text": None})
        erasing = Batch([wipe], [replace(move(number, number + 1), erased=number + 1)])
        opened = Batch([put(f"{number}", whose=number, text="private")], kept=kept)

        await asyncio.gather(store.commit(opened), store.commit(erasing), return_exceptions=True)

        assert (await store.checkpoints())["p", LOGS[0]] == number + 1
        assert [document["text"] for document in await store.page(VIEW, {"whose": number}, None, 9)] in ([], [None])


async def test_one_stale_checkpoint_of_several_refuses_the_whole_commit(store: Store) -> None:
    await store.commit(Batch(moves=[move(0, 3)]))

    with pytest.raises(CheckpointMoved):
        await store.commit(Batch([put(n=1)], [move(0, 9, LOGS[1]), move(0, 3)]))

    assert await ids(store) == []
    assert (await store.checkpoints())["p", LOGS[1]] == 0


async def test_of_many_consumers_at_one_checkpoint_exactly_one_commits(store: Store) -> None:
    counted = change(increment={"n": 1}, create=True)

    outcomes = await asyncio.gather(
        *(store.commit(Batch([counted], [move(0, 1)])) for _ in range(8)), return_exceptions=True
    )

    assert outcomes.count(None) == 1
    assert [type(outcome) for outcome in outcomes if outcome] == [CheckpointMoved] * 7
    assert await thing(store) == {"n": 1}


async def test_commits_on_different_logs_that_touch_one_document_all_count(store: Store) -> None:
    async def consume(log: str) -> None:
        for position in range(20):
            counted = change(increment={"n": 1}, append={"seen": position}, create=True)
            await store.commit(Batch([counted], [move(position, position + 1, log)]))

    await asyncio.gather(*(consume(log) for log in LOGS))

    document = await thing(store)
    assert (document["n"], len(document["seen"])) == (40, 40)
    assert set((await store.checkpoints()).values()) == {20}
