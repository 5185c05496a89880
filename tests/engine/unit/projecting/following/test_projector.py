"""The projector on in-memory stores: whatever way events arrive, each view shows each event exactly once."""

import asyncio
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.support.commanding import bus_on, seals_of
from tests.engine.workshop.application import EVENTS, PROJECTIONS
from tests.engine.workshop.repairs import AddRepairNote, ChangeRepairStatus, CloseRepair, OpenRepair
from tests.support.eventually import eventually
from twinpath.clock import utc_now
from twinpath.commands.envelope import Envelope
from twinpath.domain.events import RecordedEvent
from twinpath.domain.views import Document
from twinpath.errors import CheckpointMoved, Unavailable
from twinpath.ids import logs_of, new_id
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.groups import view_projections
from twinpath.running.retrying import Pace
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch, CheckpointMove

LOGS = logs_of(EVENTS.categories, 4)
SEALS = seals_of(InMemoryKeyStore())
QUICK = Pace(first=0.001, most=0.005, poison=0.005, look=0.005)
VIEWS = ("repair_list", "repair_details", "repair_counts", "history")


async def written(repairs: int = 6) -> InMemoryEventStore:
    """A log with some repairs in every state."""
    store = InMemoryEventStore(EVENTS.categories)
    bus = bus_on(store)
    for number in range(repairs):
        at, repair = utc_now(), new_id("repair")
        await bus.handle(Envelope(OpenRepair(repair_id=repair, at=at, subject=f"s{number}", message="m" * 80)))
        await bus.handle(Envelope(AddRepairNote(repair_id=repair, at=at, note=f"n{number}"), actor="ann"))
        if number % 2:
            await bus.handle(Envelope(ChangeRepairStatus(repair_id=repair, at=at, status="triaged")))
        if number % 3 == 0:
            await bus.handle(Envelope(CloseRepair(repair_id=repair, at=at, resolution="r")))
    return store


async def all_documents(views: InMemoryViewStore) -> dict[str, list[Document]]:
    """Every document of every view, less its revision, which counts commits and so differs by batching."""
    shown = {}
    for view in VIEWS:
        documents = await views.page(view, {}, None, 10_000)
        shown[view] = [{key: value for key, value in document.items() if key != "revision"} for document in documents]
    return shown


async def projected(store: InMemoryEventStore, batches: Sequence[Sequence[RecordedEvent]]) -> dict[str, list[Document]]:
    """What the views show after these deliveries and, for what was lost, the look at the heads."""
    views = InMemoryViewStore()
    projector = Projector(view_projections(PROJECTIONS), LOGS, store, views, SEALS, EVENTS, pace=QUICK)
    await projector.start()
    await asyncio.gather(*(projector.project(batch[0].log, batch) for batch in batches if batch))
    heads = await store.heads()
    await eventually(lambda: reached(views, heads), pause=0.001)
    await projector.stop()
    return await all_documents(views)


async def reached(views: InMemoryViewStore, heads: dict[str, int]) -> bool:
    checkpoints = await views.checkpoints()
    return bool(checkpoints) and all(position == heads[log] for (_, log), position in checkpoints.items())


async def in_order(store: InMemoryEventStore) -> list[list[RecordedEvent]]:
    return [await store.read_log(log, 0, 1000) for log in LOGS]


@settings(max_examples=2 * settings().max_examples // 5)
@given(seed=st.integers(0, 10_000), loss=st.floats(0, 1), doubling=st.floats(0, 1))
def test_lost_doubled_and_reordered_batches_change_nothing(seed: int, loss: float, doubling: float) -> None:
    async def check() -> None:
        chance = random.Random(seed)
        store = await written()
        plain = await in_order(store)
        pieces = []
        for log in plain:
            start = 0
            while start < len(log):
                end = start + chance.randint(1, 4)
                if chance.random() > loss:
                    pieces += [log[start:end]] * (2 if chance.random() < doubling else 1)
                start = end
        chance.shuffle(pieces)

        assert await projected(store, pieces) == await projected(store, plain)

    asyncio.run(check())


async def test_views_that_are_dropped_under_a_running_projector_are_projected_anew() -> None:
    store, views = await written(), InMemoryViewStore()
    projector = Projector(view_projections(PROJECTIONS), LOGS, store, views, SEALS, EVENTS, pace=QUICK)
    await projector.start()
    heads = await store.heads()
    await eventually(lambda: reached(views, heads), pause=0.001)
    before = await all_documents(views)

    views._views.clear()
    views._checkpoints.clear()

    await eventually(lambda: reached(views, heads), pause=0.001)
    await projector.stop()
    assert await all_documents(views) == before


async def test_the_views_agree_with_a_ledger() -> None:
    shown = await projected(store := await written(6), await in_order(store))

    assert len(shown["repair_list"]) == len(shown["repair_details"]) == 6
    assert len(shown["history"]) == sum((await store.heads()).values())
    totals = [part["by_status"] for part in shown["repair_counts"] if part["_id"].startswith("total/")]
    counted = {status: sum(total.get(status, 0) for total in totals) for status in ("open", "triaged", "closed")}
    assert counted == {"open": 2, "triaged": 2, "closed": 2}
    for row in shown["repair_list"]:
        assert row["has_note"]


class AwayAtFirst(InMemoryViewStore):
    """A store that is away for the first few commits; every second of them stands all the same."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    async def commit(self, batch: Batch) -> None:
        """Fail, with or without a trace, as a store does that goes away in mid-commit."""
        self.failures -= 1
        if self.failures < 0:
            await super().commit(batch)
        elif self.failures % 2:
            await super().commit(batch)
            raise Unavailable("it stands, but nobody was told")
        else:
            raise Unavailable("it does not stand")


async def test_a_store_that_goes_away_in_mid_commit_loses_and_doubles_nothing() -> None:
    store = await written()
    views = AwayAtFirst(failures=9)
    projector = Projector(view_projections(PROJECTIONS), LOGS, store, views, SEALS, EVENTS, pace=QUICK)
    await projector.start()

    await asyncio.gather(*(projector.project(batch[0].log, batch) for batch in await in_order(store) if batch))
    await projector.stop()

    assert await all_documents(views) == await projected(store, await in_order(store))


class FailsAtFirst(InMemoryEventStore):
    """A log whose heads can't be told at the first look, for a reason that nobody thought of."""

    looks = 0

    async def heads(self) -> dict[str, int]:
        """See EventLog.heads."""
        self.looks += 1
        if self.looks == 1:
            raise ValueError("nobody thought of that")
        return await super().heads()


async def test_a_look_that_fails_for_whatever_reason_is_not_the_last() -> None:
    store, views = FailsAtFirst(EVENTS.categories), InMemoryViewStore()
    repair = OpenRepair(repair_id=new_id("repair"), at=utc_now(), subject="s", message="m")
    await bus_on(store).handle(Envelope(repair))
    projector = Projector(view_projections(PROJECTIONS), LOGS, store, views, SEALS, EVENTS, pace=QUICK)
    await projector.start()

    await eventually(lambda: is_listed(views), pause=0.001)  # the look found what no message told of
    await projector.stop()


async def is_listed(views: InMemoryViewStore) -> bool:
    return bool(await views.page("repair_list", {}, None, 10))


async def test_two_projectors_on_the_same_logs_apply_each_event_once() -> None:
    store = await written(12)
    views = InMemoryViewStore()
    both = [Projector(view_projections(PROJECTIONS), LOGS, store, views, SEALS, EVENTS, pace=QUICK) for _ in range(2)]
    for projector in both:
        await projector.start()

    deliveries = [(one, [event]) for one in both for log in await in_order(store) for event in log]
    random.Random(1).shuffle(deliveries)
    await asyncio.gather(*(one.project(events[0].log, events) for one, events in deliveries))
    for projector in both:
        await projector.stop()

    assert await all_documents(views) == await projected(store, await in_order(store))


async def test_a_stale_consumer_can_not_move_a_checkpoint() -> None:
    views = InMemoryViewStore()
    await views.prepare([], [("p", "repair.0")])
    await views.commit(Batch(moves=[CheckpointMove("p", "repair.0", 0, 5)]))

    with pytest.raises(CheckpointMoved):
        await views.commit(Batch(moves=[CheckpointMove("p", "repair.0", 0, 5)]))
