"""A projector dies right after a commit whose data were erased meanwhile: whoever comes next takes them out."""

import asyncio
from contextlib import suppress

import pytest

from tests.engine.support.commanding import seals_of
from tests.engine.support.poisoning import Notes
from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.events import RepairOpened
from tests.engine.workshop.views import ERASED, RepairListProjection
from tests.support.appending import metadata
from tests.support.eventually import eventually
from twinpath.ids import new_id, uuid7
from twinpath.log.interface import NewCommit
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.applying.applier import Applied, Applier
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch


class NeverBack(InMemoryViewStore):
    """Carries out commits and, once they `hang`, answers none."""

    hang = False
    commits = 0

    async def commit(self, batch: Batch) -> None:
        """See ViewWriter.commit."""
        await super().commit(batch)
        self.commits += 1
        if self.hang:
            await asyncio.Event().wait()


class Workshop:
    """A repair of an owner, whose words only the owner's key opens, and the view that lists it."""

    def __init__(self) -> None:
        self.keys, self.notes, self.projection = InMemoryKeyStore(), Notes(), RepairListProjection()
        self.seals = seals_of(self.keys)
        self.views = self.notes.views = NeverBack()
        self.owner = new_id("owner")
        self.told: list[Applied] = []

    async def happen(self) -> None:
        """The repair is in the log, and nothing in the view."""
        opened = RepairOpened(subject="Private", message="Secret", owner_id=self.owner, opened_at=metadata().at)
        sealed = await self.seals.seal("repair-5", [EVENTS.encode(opened)])
        appended = await self.notes.store.append(NewCommit("repair-5", sealed, 0, uuid7(), metadata()))
        self.log = appended.log
        await self.views.prepare(self.projection.views, [(self.projection.name, self.log)])

    def applier(self) -> Applier:
        """That of another process."""
        return Applier(self.log, self.views, EVENTS, self.seals, self.told.append)

    async def dies_after_its_commit(self) -> None:
        """A process commits the repair, which it has opened with the key, and is gone."""
        applier = self.applier()
        await applier.load([self.projection])
        events = await self.notes.store.read_log(self.log, 0, 10)
        self.views.hang = True
        dying = asyncio.create_task(applier.apply([self.projection], events))
        await eventually(self._has_committed, pause=0.001)
        dying.cancel()
        with suppress(asyncio.CancelledError):
            await dying
        self.views.hang = False

    async def shown(self) -> str:
        """What the view shows of the repair."""
        document = await self.views.get(self.projection.name, "repair-5")
        assert document is not None
        return str(document["subject"])

    async def _has_committed(self) -> bool:
        return self.views.commits > 0


@pytest.fixture
async def workshop() -> Workshop:
    workshop = Workshop()
    await workshop.happen()
    return workshop


async def test_a_projector_that_starts_wipes_what_its_predecessor_showed_of_an_erased_owner(workshop: Workshop) -> None:
    await workshop.dies_after_its_commit()
    await workshop.keys.destroy(workshop.owner)
    before = await workshop.shown()

    await workshop.applier().load([workshop.projection])

    assert (before, await workshop.shown()) == ("Private", ERASED)
    assert [len(applied.changes) for applied in workshop.told] == [1], "whoever keeps copies learns of it"


async def test_a_replica_that_takes_over_at_the_position_it_has_seen_wipes_too(workshop: Workshop) -> None:
    standby = workshop.applier()
    await standby.load([workshop.projection])
    await workshop.dies_after_its_commit()
    await workshop.keys.destroy(workshop.owner)
    standby.learn({workshop.projection.name: 1}, {})

    await standby.load([workshop.projection])

    assert await workshop.shown() == ERASED


async def test_nothing_is_wiped_while_the_key_is_there_and_a_check_is_made_once(workshop: Workshop) -> None:
    await workshop.dies_after_its_commit()
    successor = workshop.applier()

    await successor.load([workshop.projection])
    await workshop.keys.destroy(workshop.owner)
    await successor.load([workshop.projection])

    assert await workshop.shown() == "Private", "the erasure itself takes it out, in its turn"
