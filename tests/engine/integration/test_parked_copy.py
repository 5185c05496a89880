"""The copy in Redis takes over what was parked and applied later, out of the order of its log."""

from collections.abc import AsyncIterator, Iterable

import pytest

from tests.engine.support.commanding import seals_of
from tests.engine.support.copied_views import PROJECTIONS, REPAIRS, CopiedViews, copied_views
from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.events import RepairNoteAdded
from tests.engine.workshop.views import RepairDetailsProjection
from tests.support.clocks import Ticking
from tests.support.eventually import eventually
from twinpath.domain.events import RecordedEvent
from twinpath.domain.views import ViewChange
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.applying.applier import Applier
from twinpath.projecting.parking.repairs import Repairs


class CanNotNote(RepairDetailsProjection):
    """It can't take a note."""

    def note_added(self, event: RepairNoteAdded, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Raise."""
        raise ValueError("no")


@pytest.fixture
async def views(mongodb_url: str, redis_url: str, unique: str) -> AsyncIterator[CopiedViews]:
    async with copied_views(mongodb_url, redis_url, unique) as views:
        yield views


async def test_what_was_parked_is_copied_when_it_is_applied(views: CopiedViews) -> None:
    details = next(projection for projection in PROJECTIONS if projection.name == "repair_details")
    others = [one for one in PROJECTIONS if one is not details and one.follows(REPAIRS)]
    seals = seals_of(InMemoryKeyStore())
    async with views.synced(look_seconds=0.05) as sync:

        async def apply(*projections: RepairDetailsProjection) -> None:
            applier = Applier(REPAIRS, views.writer, EVENTS, seals, sync.applied)
            everyone = [*projections, *others]
            await applier.load(everyone)
            if events := await views.log.read_log(REPAIRS, applier.positions[details.name], 1000):
                await applier.apply(everyone, events)
            await sync.flushed()

        repair = await views.opened()
        await views.noted(repair)
        await apply(CanNotNote())
        await eventually(views.are_copied, pause=0.01)
        parked = Repairs({details.name: (details, views.writer)}, views.writer, views.log, seals, EVENTS, Ticking())

        [step] = [step async for step in parked.retry(None, None, 10)]

        assert (step.before.stream, step.applied, step.after) == (repair, 1, None)
        await eventually(views.are_copied, pause=0.01)
        [copied] = await views.cache.get_many("repair_details", [repair])
        assert copied is not None
        assert b"looked at" in copied.body
        assert await views.writer.parked.late_copies(10) == []
