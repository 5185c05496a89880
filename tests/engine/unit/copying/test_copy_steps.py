"""What waits to be copied: commits that follow each other become one step."""

import asyncio

import pytest

from tests.engine.workshop.views import REPAIR_DETAILS, REPAIR_LIST
from twinpath.domain.views import ChangeWhere, Put, ViewChange
from twinpath.projecting.copying.steps import Step, Steps, step_of

LOG, OTHER = "repair.0", "repair.1"
WHERE = ChangeWhere(REPAIR_DETAILS.name, {"owner_id": "owner-1"}, {"subject": "erased"})


def step(expected: int, position: int, *ids: str, log: str = LOG) -> Step:
    return step_of(REPAIR_DETAILS, log, expected, position, [Put(REPAIR_DETAILS.name, one, {}) for one in ids])


def summary(of: Step) -> tuple[str, int, int, list[str]]:
    return of.log, of.expected, of.position, list(of.ids)


async def taken(steps: Steps) -> list[tuple[str, int, int, list[str]]]:
    found = []
    while True:
        try:
            async with asyncio.timeout(0):
                found += [summary(one) for one in await steps.next()]
        except TimeoutError:
            return found
        steps.done()


def test_a_step_names_what_changed_in_its_view_alone() -> None:
    changes: list[ViewChange] = [Put(REPAIR_LIST.name, "a", {}), Put(REPAIR_DETAILS.name, "b", {}), WHERE]

    found = step_of(REPAIR_DETAILS, LOG, 3, 5, changes)

    assert (list(found.ids), found.met) == (["b"], [WHERE])


async def test_commits_that_follow_each_other_are_one_step() -> None:
    steps = Steps()
    for one in (step(0, 2, "a", "b"), step(0, 1, "x", log=OTHER), step(2, 3, "b", "c"), step(3, 3)):
        steps.add(one)

    assert await taken(steps) == [(LOG, 0, 3, ["a", "b", "c"]), (OTHER, 0, 1, ["x"])]


async def test_what_comes_after_a_gap_is_a_step_of_its_own() -> None:
    steps = Steps()
    for one in (step(0, 2, "a"), step(7, 8, "b"), step(8, 9, "c")):
        steps.add(one)

    assert await taken(steps) == [(LOG, 0, 2, ["a"]), (LOG, 7, 9, ["b", "c"])]


async def test_a_step_in_hand_takes_nothing_more() -> None:
    steps = Steps()
    steps.add(step(0, 2, "a"))
    [in_hand] = await steps.next()
    steps.add(step(2, 3, "b"))

    assert summary(in_hand) == (LOG, 0, 2, ["a"])
    assert await taken(steps) == [(LOG, 2, 3, ["b"])]


async def test_more_than_may_wait_is_dropped_and_leaves_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinpath.projecting.copying.steps.MOST_WAITING", 3)
    steps = Steps()
    for one in (step(0, 2, "a", "b"), step(2, 4, "c", "d"), step(4, 5, "e")):
        steps.add(one)

    assert await taken(steps) == [(LOG, 0, 2, ["a", "b"]), (LOG, 4, 5, ["e"])]


async def test_small_steps_of_one_view_are_taken_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinpath.projecting.copying.steps.TAKEN_TOGETHER", 3)
    steps = Steps()
    elsewhere = step_of(REPAIR_LIST, LOG, 0, 1, [])
    for one in (step(0, 1, "a"), elsewhere, step(0, 1, "b", "c", log=OTHER), step(7, 8, "d")):
        steps.add(one)

    assert [summary(one) for one in await steps.next()] == [(LOG, 0, 1, ["a"]), (OTHER, 0, 1, ["b", "c"])]
    assert await steps.next() == [elsewhere]
    assert [summary(one) for one in await steps.next()] == [(LOG, 7, 8, ["d"])]


async def test_steps_that_are_taken_together_are_of_different_logs() -> None:
    steps = Steps()
    for one in (step(0, 1, "a"), step(7, 8, "b"), step(0, 1, "c", log=OTHER)):
        steps.add(one)

    assert [[summary(one) for one in await steps.next()] for _ in range(2)] == [
        [(LOG, 0, 1, ["a"])],
        [(LOG, 7, 8, ["b"]), (OTHER, 0, 1, ["c"])],
    ]


async def test_what_met_others_goes_alone() -> None:
    steps = Steps()
    for one in (step(0, 1, "a"), step_of(REPAIR_DETAILS, OTHER, 0, 1, [WHERE]), step(7, 8, "b")):
        steps.add(one)

    assert [len(await steps.next()) for _ in range(3)] == [1, 1, 1]


async def test_flushed_is_what_is_done() -> None:
    steps = Steps()
    await steps.flushed()
    steps.add(step(0, 1, "a"))
    await steps.next()
    flushed = asyncio.create_task(steps.flushed())
    await asyncio.sleep(0)
    assert not flushed.done()

    steps.done()
    await flushed


@pytest.mark.parametrize(("position", "leads_on"), [(0, False), (1, True), (2, True), (3, False)])
async def test_it_knows_whether_what_waits_leads_on(position: int, leads_on: bool) -> None:
    steps = Steps()
    steps.add(step(1, 3, "a"))

    assert steps.go_on(REPAIR_DETAILS, LOG, position) is leads_on
