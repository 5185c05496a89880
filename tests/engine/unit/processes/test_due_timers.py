"""Timers: carried out one by one when they are due, not needed any more, cancelled, or parked alone."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.engine.workshop.events import RepairClosed, RepairNoteAdded, RepairOpened, RepairStatusChanged
from tests.engine.workshop.repairs import AddRepairNote, ChangeRepairStatus, CloseRepair
from tests.support.process_world import World
from twinpath.commands.processes.timers import InMemoryTimers, OldTimer, Timer
from twinpath.domain.aggregate import Command
from twinpath.domain.process import Process, Then
from twinpath.errors import NewerEvent, Unavailable
from twinpath.ids import new_id

HOUR = timedelta(hours=1)
UNKNOWN = new_id("repair")


class Reception(Process):
    """Closes a repair that nobody looks at, reminds of an open one until it is closed."""

    name = "reception"

    async def opened(self, event: RepairOpened, then: Then) -> None:
        repair = then.recorded.stream
        close = CloseRepair(repair_id=repair, resolution="nobody came", at=then.at)
        await then.after(2 * HOUR, close, unless=RepairStatusChanged)
        await then.after(HOUR, AddRepairNote(repair_id=repair, note="still open", at=then.at), kind="reminder")

    async def noted(self, event: RepairNoteAdded, then: Then) -> None:
        if event.note == "later":
            later = AddRepairNote(repair_id=then.recorded.stream, note="still open", at=then.at)
            await then.after(HOUR, later, kind="reminder")

    async def closed(self, event: RepairClosed, then: Then) -> None:
        await then.cancel("reminder")

    def old_timer(self, kind: str, stream: str, at: datetime) -> Command | None:
        """See Process.old_timer."""
        return CloseRepair(repair_id=stream, resolution="as ever", at=at) if kind == "expiry" else None


@pytest.fixture
def world() -> World:
    return World(Reception)


async def test_a_timer_is_carried_out_when_it_is_due_and_once(world: World) -> None:
    repair = await world.repair()
    await world.delivered()

    assert await world.passes(HOUR / 2) == 0
    assert await world.passes(HOUR) == 1
    assert await world.passes(HOUR) == 1
    assert await world.passes(HOUR) == 0

    assert await world.happened(repair) == ["opened", "note_added", "closed"]
    closed = (await world.store.load(repair))[-1]
    assert (closed.actor, closed.causation_id, closed.at) == ("reception", f"{repair}@1", world.now - HOUR)


async def test_a_timer_ends_without_effect_when_its_stream_has_the_event_that_makes_it_needless(world: World) -> None:
    repair = await world.repair()
    await world.send(ChangeRepairStatus(repair_id=repair, status="triaged", at=world.now))
    await world.delivered()

    assert await world.passes(3 * HOUR) == 2

    assert "closed" not in await world.happened(repair)
    assert await world.passes(3 * HOUR) == 0


async def test_a_cancelled_timer_is_not_carried_out(world: World) -> None:
    repair = await world.repair()
    await world.delivered()
    await world.send(CloseRepair(repair_id=repair, resolution="r", at=world.now))
    await world.delivered()
    await world.passes(3 * HOUR)

    assert await world.happened(repair) == ["opened", "closed"]


async def test_a_later_event_puts_a_timer_off(world: World) -> None:
    repair = await world.repair()
    await world.delivered()
    world.now += HOUR / 2
    await world.send(AddRepairNote(repair_id=repair, note="later", at=world.now))
    await world.delivered()

    assert await world.passes(HOUR / 2) == 0
    assert await world.passes(HOUR / 2) == 1
    assert (await world.happened(repair)).count("note_added") == 2


async def test_a_rule_that_refuses_ends_the_timer(world: World) -> None:
    repair = await world.repair()
    await world.delivered()
    await world.timers.cancel("reception", "reminder", repair)
    await world.send(CloseRepair(repair_id=repair, resolution="r", at=world.now))

    assert await world.passes(3 * HOUR) == 1
    assert await world.passes(3 * HOUR) == 0
    assert await world.timers.parked_count("reception") == 0


@pytest.mark.parametrize(
    "bad",
    [
        {"stream": UNKNOWN, "payload": f'{{"repair_id":"{UNKNOWN}","note":"n"}}'},
        {"command": "no_such_command"},
        {"stream": "voucher-1"},
        {"payload": "{}"},
        {"payload": "no json"},
    ],
    ids=["an unknown repair", "an unknown command", "an unknown category", "a payload that lacks fields", "no payload"],
)
async def test_a_bad_timer_parks_alone_and_the_others_are_carried_out(world: World, bad: dict[str, str]) -> None:
    repair = await world.repair()
    await world.delivered()
    [good, _] = await world.timers.due("reception", world.now + 9 * HOUR)
    changed: dict[str, str] = {"kind": "bad", **bad}
    await world.timers.put(replace(good, due=world.now, **changed))  # type: ignore[arg-type]

    for _ in range(10):
        await world.passes(HOUR)

    assert await world.happened(repair) == ["opened", "note_added", "closed"]
    [parked] = await world.timers.parked("reception")
    assert (parked.kind, parked.attempts) == ("bad", 6)
    assert parked.reason


@pytest.mark.parametrize("passing", [Unavailable("a store is away"), NewerEvent("a later version wrote it")], ids=repr)
async def test_what_passes_by_itself_leaves_a_timer_due_and_counts_as_no_attempt(
    world: World, monkeypatch: pytest.MonkeyPatch, passing: Exception
) -> None:
    repair = await world.repair()
    await world.delivered()
    with monkeypatch.context() as away:

        async def fails(*_: object) -> None:
            raise passing

        away.setattr(world.bus, "handle", fails)
        for _ in range(8):
            assert await world.passes(HOUR / 8) == 0
    assert await world.timers.parked("reception") == []

    assert await world.passes(HOUR / 4) == 1
    assert await world.happened(repair) == ["opened", "note_added"]


class WithOld(InMemoryTimers):
    """Has timers of version 0.1."""

    def __init__(self, *old: OldTimer) -> None:
        super().__init__()
        self.old = list(old)

    async def old_due(self, now: datetime, limit: int = 100) -> list[OldTimer]:
        """See Timers.old_due."""
        return [old for old in self.old if old.due <= now]

    async def forget_old(self, timer: OldTimer) -> None:
        """See Timers.forget_old."""
        self.old.remove(timer)


async def test_a_timer_of_the_first_version_is_carried_out_and_one_of_an_unknown_kind_left_alone() -> None:
    world = World(Reception)
    repair = await world.repair()
    due = world.now + HOUR
    known = OldTimer("expiry", repair, due, f"{repair}@1", "c-1")
    unknown = replace(known, kind="who-knows")
    world.timers = WithOld(unknown, known)
    world.restarted()

    assert await world.passes(HOUR / 2) == 0
    assert await world.passes(HOUR) == 1

    assert await world.happened(repair) == ["opened", "closed"]
    assert world.timers.old == [unknown]


def test_a_timer_is_named_by_process_kind_and_stream() -> None:
    now = datetime.fromisoformat("2026-03-10T12:00:00Z")

    assert Timer("p", "k", "s-1", now, "c", "{}", "s-1@1", now, "c-1").id == "p/k/s-1"
