"""A process's handlers: found by their events, repeatable, answered also where a command was carried out before."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest

from tests.engine.workshop.events import RepairNoteAdded, RepairOpened, RepairStatusChanged
from tests.engine.workshop.repairs import AddRepairNote, ChangeRepairStatus
from tests.support.process_world import World
from twinpath.commands.processes.means import derived_id
from twinpath.commands.processes.registry import process_names
from twinpath.domain.process import Process, Then


def note(repair: str, text: str, then: Then) -> AddRepairNote:
    return AddRepairNote(repair_id=repair, note=text, at=then.at)


class Reception(Process):
    """Answers on the stream of its event, twice, and writes down what came of the first answer."""

    name = "reception"
    dies = False

    async def opened(self, event: RepairOpened, then: Then) -> None:
        repair = then.recorded.stream
        first = await then.send(note(repair, "seen", then))
        if Reception.dies:
            raise RuntimeError("in between")
        added = await first.first(RepairNoteAdded)
        assert added is not None
        assert await first.first(RepairStatusChanged) is None
        await then.send(note(repair, f"{added.note} again", then), key="again")

    async def triaged(self, event: RepairStatusChanged, then: Then) -> None:
        changes = [ChangeRepairStatus(repair_id=then.recorded.stream, status="triaged", at=then.at)]
        [outcome] = await then.send_all(changes)
        assert await outcome.events() == []


class Counting(Process):
    """A second process, of an event of its own."""

    name = "counting"
    since = "now"
    noted: list[str]

    def __init__(self, settings: object) -> None:
        self.noted = []

    async def noted_down(self, event: RepairNoteAdded, then: Then) -> None:
        self.noted.append(event.note)


async def test_an_event_is_answered_on_its_own_stream() -> None:
    world = World(Reception)
    repair = await world.repair()
    await world.delivered()

    assert await world.happened(repair) == ["opened", "note_added", "note_added"]
    seen, again = (await world.store.load(repair))[1:]
    assert (seen.data["note"], again.data["note"]) == ("seen", "seen again")
    assert (seen.actor, seen.causation_id, seen.correlation_id) == ("reception", f"{repair}@1", "c-1")


async def test_a_handler_that_died_halfway_runs_again_and_each_command_takes_effect_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(Reception)
    repair = await world.repair()
    monkeypatch.setattr(Reception, "dies", True)
    [reception] = [process for process in world.processes.running if process.name == "reception"]
    [opened] = await world.store.load(repair)
    with pytest.raises(RuntimeError):
        await reception.handling.handle(opened)
    monkeypatch.setattr(Reception, "dies", False)

    for _ in range(2):
        await reception.handling.handle(opened)

    assert [event.data.get("note") for event in await world.store.load(repair)] == [None, "seen", "seen again"]


async def test_a_command_without_effect_has_no_events() -> None:
    world = World(Reception)
    repair = await world.repair()
    await world.send(ChangeRepairStatus(repair_id=repair, status="triaged", at=world.now))
    await world.delivered()

    assert (await world.happened(repair)).count("status_changed") == 1
    assert await world.parking.parked.counts() == {}


class Twice(Process):
    """Sends one command twice."""

    name = "twice"

    async def opened(self, event: RepairOpened, then: Then) -> None:
        for _ in range(2):
            await then.send(note(then.recorded.stream, "n", then))


async def test_the_same_command_twice_for_one_event_is_refused_unless_a_key_tells_them_apart() -> None:
    world = World(Twice)
    await world.repair()
    [twice, *_] = world.processes.running
    [opened] = await world.events()

    with pytest.raises(TypeError, match="give each a `key`"):
        await twice.handling.handle(opened)


async def test_each_process_follows_the_logs_of_its_own_events_at_its_own_pace() -> None:
    world = World(Reception, Counting)
    await world.repair()
    await world.processes.prepare()
    await world.delivered()

    followed = {process.name: list(process.logs) for process in world.processes.running}
    assert followed == {"reception": ["repair.0"], "counting": ["repair.0"], "erasure": ["owner.0"]}
    assert process_names(world.application) == list(followed)
    counting = world.application.processes.index(Counting)
    handling = world.processes.running[counting].handling
    assert handling.since == "now"


async def test_two_processes_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two processes have one name: erasure, reception, reception"):
        World(Reception, Reception)


async def test_streams_are_answered_side_by_side() -> None:
    together = asyncio.Event()

    class Waiting(Process):
        name = "waiting"
        waiting = 0

        async def opened(self, event: RepairOpened, then: Then) -> None:
            Waiting.waiting += 1
            if Waiting.waiting == 2:
                together.set()
            async with asyncio.timeout(5):
                await together.wait()

    world = World(Waiting)
    for _ in range(2):
        await world.repair()

    await world.delivered()

    assert together.is_set()


def test_an_id_is_made_of_the_event_and_the_stored_name_of_the_command_and_a_key_only_where_it_is_given() -> None:
    command = AddRepairNote(repair_id="repair-1", note="n", at=datetime.now(UTC))
    namespace = UUID("5f0c3c1e-6f0b-5b0e-9d3b-1d4f5a6b7c8d")

    assert derived_id("repair-1@1", command) == str(uuid5(namespace, "repair-1@1/AddRepairNote/repair-1"))
    assert derived_id("repair-1@1", command, "k") == str(uuid5(namespace, "repair-1@1/AddRepairNote/repair-1/k"))
