"""A process that fails at an event parks its stream alone: later events wait in order, others go on."""

from dataclasses import replace

import pytest

from tests.engine.workshop.events import RepairNoteAdded, RepairOpened
from tests.engine.workshop.repairs import AddRepairNote, ChangeRepairStatus
from tests.support.process_world import World
from twinpath.commands.processes.running import RunningProcess
from twinpath.commands.processes.timers import ASKED_AT
from twinpath.domain.process import Process, Then
from twinpath.errors import Unavailable
from twinpath.views.interface import Batch
from twinpath.views.parking import ParkedStream, Resume


class Secretary(Process):
    """Notes what it sees; it can't take some notes, and sometimes a store is away."""

    name = "secretary"
    bad: frozenset[str] = frozenset()
    away = 0
    seen: list[tuple[str, int]]
    tries = 0

    def __init__(self, settings: object) -> None:
        Secretary.seen = []

    async def opened(self, event: RepairOpened, then: Then) -> None:
        await self._see(then, "opened")

    async def noted(self, event: RepairNoteAdded, then: Then) -> None:
        await self._see(then, event.note)

    async def _see(self, then: Then, what: str) -> None:
        Secretary.tries += 1
        if Secretary.away:
            Secretary.away -= 1
            raise Unavailable("away")
        if what in Secretary.bad:
            raise ValueError(f"can't take {what}")
        Secretary.seen.append((then.recorded.stream, then.recorded.version))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    for name, value in (("bad", frozenset({"poison"})), ("away", 0), ("tries", 0)):
        monkeypatch.setattr(Secretary, name, value)
    return World(Secretary)


def secretary(world: World) -> RunningProcess:
    return world.processes.running[0]


async def note(world: World, repair: str, *texts: str) -> None:
    for text in texts:
        await world.send(AddRepairNote(repair_id=repair, note=text, at=world.now))
        await world.delivered()


async def parked(world: World, repair: str) -> ParkedStream | None:
    return await world.parking.parked.get("secretary", repair)


async def ask(world: World, repair: str) -> None:
    """As the command line does, and have it taken up."""
    found = await parked(world, repair)
    assert found is not None
    await world.parking.commit(Batch(parking=[Resume(found, replace(found, tried_at=ASKED_AT))]))
    await secretary(world)._aside.look()


async def test_a_stream_whose_event_keeps_failing_waits_in_order_and_the_others_go_on(world: World) -> None:
    bad, good = await world.repair(), await world.repair()
    await note(world, bad, "poison", "after", "later")
    await note(world, good, "fine")

    assert Secretary.seen == [(bad, 1), (good, 1), (good, 2)]
    found = await parked(world, bad)
    assert found is not None
    assert (found.log, found.version, found.last, found.attempts) == ("repair.0", 2, 4, 1)
    assert found.reason is not None
    assert "can't take poison" in found.reason
    assert (await secretary(world).health())["parked_streams"] == 1


async def test_it_is_tried_several_times_and_a_store_that_is_away_does_not_count(world: World) -> None:
    Secretary.away = 10
    repair = await world.repair()
    await note(world, repair, "poison")

    assert Secretary.seen == [(repair, 1)]
    assert Secretary.tries == 10 + 1 + 3


async def test_what_is_parked_is_known_after_a_restart_and_to_another_replica(world: World) -> None:
    repair = await world.repair()
    await note(world, repair, "poison")
    world.restarted()
    await note(world, repair, "after")

    assert Secretary.seen == []
    found = await parked(world, repair)
    assert found is not None
    assert found.last == 3


async def test_a_retry_handles_what_waits_in_order_and_frees_the_stream(world: World) -> None:
    repair = await world.repair()
    await note(world, repair, "poison", "after")
    await world.send(ChangeRepairStatus(repair_id=repair, status="triaged", at=world.now))  # nothing to the process
    await note(world, repair, "later")
    Secretary.bad = frozenset()

    await ask(world, repair)

    assert Secretary.seen == [(repair, version) for version in (1, 2, 3, 5)]
    assert await parked(world, repair) is None
    assert secretary(world).parked_streams == 0
    await note(world, repair, "live again")
    assert Secretary.seen[-1] == (repair, 6)


async def test_a_retry_that_fails_again_says_why_and_how_often(world: World) -> None:
    repair = await world.repair()
    await note(world, repair, "poison", "after")
    for attempts in (2, 3):
        await ask(world, repair)
        found = await parked(world, repair)
        assert found is not None
        assert (found.version, found.attempts, found.tried_at) == (2, attempts, world.now)

    Secretary.bad = frozenset({"after"})
    await ask(world, repair)
    found = await parked(world, repair)

    assert found is not None
    assert (found.version, found.last, found.attempts) == (3, 3, 1)
    assert Secretary.seen == [(repair, 1), (repair, 2)]


async def test_nothing_is_retried_that_nobody_asks_for(world: World) -> None:
    repair = await world.repair()
    await note(world, repair, "poison")
    Secretary.bad = frozenset()
    await secretary(world)._aside.look()

    assert Secretary.seen == [(repair, 1)]
    assert await parked(world, repair) is not None


async def test_two_replicas_that_fail_at_the_same_event_park_it_once(world: World) -> None:
    repair = await world.repair()
    first, second = world.processes, world.restarted()
    opened = await world.store.read_log("repair.0", 0, 1)
    await second.deliver("repair.0", opened)  # from now on it knows where it is, and that nothing is parked
    await world.send(AddRepairNote(repair_id=repair, note="poison", at=world.now))
    await world.send(AddRepairNote(repair_id=repair, note="after", at=world.now))
    events = await world.store.read_log("repair.0", 0, 3)
    await first.deliver("repair.0", events[:2])

    await second.deliver("repair.0", events)

    found = await parked(world, repair)
    assert found is not None
    assert (found.version, found.last) == (2, 3)
