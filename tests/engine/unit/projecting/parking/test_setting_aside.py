"""A poison event parks its stream for its projection, and everything else goes on."""

import asyncio
import re
from collections.abc import Iterable
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.engine.support.commanding import seals_of
from tests.engine.support.poisoning import AlsoSeen, Notes, Seen, in_one_log, mixed, shown
from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.events import OwnerRegistered, RepairNoteAdded, RepairOpened
from tests.support.appending import metadata
from tests.support.eventually import eventually
from tests.support.recording import recorded
from twinpath.domain.events import SEALED, NewEvent, RecordedEvent
from twinpath.domain.views import ViewChange
from twinpath.errors import Unavailable
from twinpath.ids import new_id, uuid7
from twinpath.log.interface import NewCommit
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.applying.applier import Applier
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.parking.setting_aside import MOST_REASON, reason_of
from twinpath.running.retrying import Pace
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch
from twinpath.views.paths import appended

QUICK = Pace(first=0.001, most=0.005, poison=0.005, look=0.005)
FIRST, SECOND, THIRD = in_one_log(3)


@pytest.fixture
async def notes() -> Notes:
    return await mixed([FIRST, SECOND, THIRD], 4)


@pytest.mark.parametrize("kind", ["poison", "misfits"])
@pytest.mark.parametrize("by", [1, 3, 1000])
async def test_a_stream_parks_from_the_poison_event_on_and_the_others_go_on(notes: Notes, kind: str, by: int) -> None:
    seen, also = Seen(**{kind: [f"{SECOND}@2"]}), AlsoSeen()

    applier = await notes.project(seen, also, by=by)

    assert applier.positions == {"seen": 12, "also_seen": 12}
    assert await shown(notes.views, seen) == await notes.all() | {SECOND: [1], "all": [9]}
    assert await shown(notes.views, also) == await notes.all()
    [parked] = await notes.views.parked.page(None, None, 10)
    assert (parked.projection, parked.stream, parked.log) == ("seen", SECOND, "repair.0")
    assert (parked.version, parked.position, parked.last, parked.attempts) == (2, 5, 4, 1)
    assert parked.reason
    assert ("can't take" if kind == "poison" else "nobody") in parked.reason


@pytest.mark.parametrize("kind", ["poison", "misfits"])
async def test_several_poison_events_in_one_batch(notes: Notes, kind: str) -> None:
    seen = Seen(**{kind: [f"{FIRST}@4", f"{SECOND}@1", f"{SECOND}@3", f"{THIRD}@2"]})
    also = AlsoSeen(**{kind: [f"{FIRST}@1"]})

    await notes.project(seen, also)

    assert await shown(notes.views, seen) == {FIRST: [1, 2, 3], THIRD: [1], "all": [4]}
    assert await shown(notes.views, also) == {of: [1, 2, 3, 4] for of in (SECOND, THIRD)} | {"all": [8]}
    waiting = {one.id: (one.version, one.last) for one in await notes.views.parked.page(None, None, 10)}
    assert waiting == {
        f"also_seen/{FIRST}": (1, 4),
        f"seen/{FIRST}": (4, 4),
        f"seen/{SECOND}": (1, 4),
        f"seen/{THIRD}": (2, 4),
    }


async def test_who_starts_later_knows_what_is_parked(notes: Notes) -> None:
    await notes.project(Seen(poison=[f"{SECOND}@2"]))
    await notes.add(SECOND, 2)
    await notes.add(FIRST)

    seen = Seen()
    await notes.project(seen)

    assert await shown(notes.views, seen) == await notes.all() | {SECOND: [1], "all": [10]}
    [parked] = await notes.views.parked.page(None, None, 10)
    assert (parked.version, parked.last) == (2, 6)


async def test_a_consumer_that_was_overtaken_learns_what_the_other_one_parked(notes: Notes) -> None:
    seen = Seen()
    zombie = Applier("repair.0", notes.views, EVENTS, seals_of(InMemoryKeyStore()), lambda applied: None)
    await notes.views.prepare(seen.views, [("seen", "repair.0")])
    await zombie.load([seen])
    await notes.project(Seen(poison=[f"{SECOND}@2"]), by=4)
    await notes.add(SECOND)

    while events := await notes.store.read_log("repair.0", zombie.positions["seen"], 5):
        await zombie.apply([seen], events)

    assert await shown(notes.views, seen) == await notes.all() | {SECOND: [1], "all": [9]}
    [parked] = await notes.views.parked.page(None, None, 10)
    assert (parked.version, parked.last) == (2, 5)


class Away(Seen):
    """Its method finds a store away, now and then."""

    failures = 5

    def noted(self, event: RepairNoteAdded | RepairOpened, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """See Seen."""
        if self.failures and recorded.version == 2:
            self.failures -= 1
            raise Unavailable("just now")
        return super().noted(event, recorded)


async def test_what_is_only_away_never_parks(notes: Notes) -> None:
    away = Away()
    projector = Projector(
        [away], ["repair.0"], notes.store, notes.views, seals_of(InMemoryKeyStore()), EVENTS, pace=QUICK
    )
    await projector.start()
    await projector.project("repair.0", await notes.store.read_log("repair.0", 0, 100))
    await projector.stop()

    assert away.failures == 0
    assert await notes.views.parked.counts() == {}
    assert await shown(notes.views, away) == await notes.all()


class Held(InMemoryViewStore):
    """Commits of `seen` alone, but for the first, wait until they may `go_on`."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()
        self._alone = 0

    async def commit(self, batch: Batch) -> None:
        """See ViewWriter.commit."""
        if [move.projection for move in batch.moves] == ["seen"]:
            self._alone += 1
            if self._alone > 1:
                await self.go_on.wait()
        await super().commit(batch)


async def test_nobody_waits_for_a_projection_whose_changes_the_store_refuses(notes: Notes) -> None:
    """To find the events that are to blame takes many transactions."""
    notes.views = views = Held()
    seen, also = Seen(misfits=[f"{stream}@2" for stream in (FIRST, SECOND, THIRD)]), AlsoSeen()
    projector = Projector(
        [seen, also], ["repair.0"], notes.store, views, seals_of(InMemoryKeyStore()), EVENTS, pace=QUICK
    )
    await projector.start()

    await projector.project("repair.0", await notes.store.read_log("repair.0", 0, 100))

    assert await shown(views, also) == await notes.all()
    assert await shown(views, seen) == {}
    assert projector.status()["repair.0"].late == {"seen": 0}
    views.go_on.set()
    await notes.add(FIRST, 2)
    await projector.project("repair.0", await notes.store.read_log("repair.0", 12, 100))

    async def joined() -> bool:
        return (await views.checkpoints())["seen", "repair.0"] == 14 and not projector.status()["repair.0"].late

    await eventually(joined, pause=0.001)
    await projector.stop()
    assert await shown(views, seen) == {FIRST: [1], SECOND: [1], THIRD: [1], "all": [3]}
    assert await shown(views, also) == await notes.all()
    assert {one.id: (one.version, one.last) for one in await views.parked.page(None, None, 10)} == {
        f"seen/{FIRST}": (2, 6),
        f"seen/{SECOND}": (2, 4),
        f"seen/{THIRD}": (2, 4),
    }


async def test_status_says_how_many_streams_are_parked_and_stays_live(notes: Notes) -> None:
    projections = [Seen(poison=[f"{SECOND}@2", f"{THIRD}@4"]), AlsoSeen()]
    logs = ["repair.0", "repair.1"]
    projector = Projector(projections, logs, notes.store, notes.views, seals_of(InMemoryKeyStore()), EVENTS, pace=QUICK)
    await projector.start()
    await projector.project("repair.0", await notes.store.read_log("repair.0", 0, 100))

    async def counted() -> bool:
        return projector.parked() == {"seen": 2, "also_seen": 0}

    await eventually(counted, pause=0.001)
    status = projector.status()
    await projector.stop()
    assert (status["repair.0"].state, status["repair.0"].lag, status["repair.0"].parked) == ("live", 0, {"seen": 2})
    assert status["repair.1"].parked == {}


async def test_a_projection_that_parks_everything_says_so_in_few_lines() -> None:
    notes = Notes()
    streams = in_one_log(300)
    for stream in streams:
        await notes.add(stream)
    seen, also = Seen(poison=[f"{stream}@1" for stream in streams]), AlsoSeen()

    with capture_logs() as lines:
        await notes.project(seen, also, by=300)

    named = ["projection_parks_everything"] + 5 * ["stream_parked"]
    assert [line["event"] for line in lines] == [*named, "more_streams_parked"]
    assert lines[-1]["streams"] == 295
    assert await notes.views.parked.counts() == {("seen", "repair.0"): 300}
    assert await shown(notes.views, also) == await notes.all()


@pytest.mark.parametrize("data", [{"note": 1}, {SEALED: "damaged"}, {SEALED: {"of": []}}])
async def test_an_event_that_can_not_be_read_parks_for_every_projection(data: dict[str, Any]) -> None:
    notes = Notes()
    await notes.add(FIRST)
    await notes.store.append(NewCommit(FIRST, [NewEvent("repair.note_added", 1, data)], 1, uuid7(), metadata()))
    await notes.store.append(NewCommit(SECOND, [NewEvent("repair.unheard_of", 1, {})], 0, uuid7(), metadata()))
    await notes.add(THIRD, 2)
    seen, also = Seen(), AlsoSeen()

    await notes.project(seen, also)

    for projection in (seen, also):
        assert await shown(notes.views, projection) == {FIRST: [1], THIRD: [1, 2], "all": [3]}
    waiting = {one.id: one.version for one in await notes.views.parked.page(None, None, 10)}
    assert waiting == {f"{name}/{of}": v for name in ("seen", "also_seen") for of, v in ((FIRST, 2), (SECOND, 1))}


def test_a_reason_has_no_message_where_that_may_hold_what_is_personal() -> None:
    event = recorded(OwnerRegistered(name="Ada", email="a@example.org"), new_id("owner"), 1)

    assert reason_of(failure("Ada"), event).endswith("in failure: Ada")
    event.data[SEALED] = {}
    assert reason_of(failure("Ada"), event).startswith("ValueError at test_setting_aside.py:")
    assert "Ada" not in reason_of(failure("Ada"), event)
    del event.data[SEALED]
    assert len(reason_of(failure("x" * 9999), event)) == MOST_REASON


def test_a_reason_has_no_message_of_a_store_which_may_quote_a_document() -> None:
    event = recorded(RepairNoteAdded(note="x"), new_id("repair"), 1)
    try:
        appended("Ada", [1], None)
    except ValueError as refusal:
        reason = reason_of(refusal, event)

    assert re.fullmatch(r"ValueError at paths\.py:\d+ in appended", reason)


def failure(message: str) -> Exception:
    try:
        raise ValueError(message)
    except ValueError as error:
        return error
