"""An erased is in no view and in nothing that is parked, whichever came first."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from tests.engine.support.commanding import seals_of
from tests.engine.support.poisoning import PARTITIONS, Notes
from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.events import OwnerErased, OwnerRegistered, OwnerRenamed, RepairOpened
from tests.engine.workshop.views import ERASED, OwnersProjection, RepairListProjection
from tests.support.appending import metadata
from tests.support.clocks import Ticking
from tests.support.eventually import eventually
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.domain.views import Document, ViewChange
from twinpath.ids import log_of, new_id, uuid7
from twinpath.log.interface import NewCommit
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.applying.applier import Applier
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.parking.repairs import Repairs
from twinpath.running.retrying import Pace
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch
from twinpath.views.parking import Resume

QUICK = Pace(first=0.001, most=0.005, poison=0.005, look=0.005)


class CanNotRename(OwnersProjection):
    """It can't take another name."""

    def renamed(self, event: OwnerRenamed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Raise."""
        raise ValueError(f"no {event.name}")


class CanNotRegister(RepairListProjection):
    """It can't take what its owners begin with."""

    def registered(self, event: OwnerRegistered, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Raise."""
        raise ValueError(f"no {event.name}")


async def test_an_erasure_wipes_at_once_also_where_its_stream_is_parked() -> None:
    keys, notes = InMemoryKeyStore(), Notes()
    seals = seals_of(keys)
    owner, repair = new_id("owner"), new_id("repair")

    async def happened(stream: str, version: int, event: DomainEvent) -> None:
        sealed = await seals.seal(stream, [EVENTS.encode(event)])
        await notes.store.append(NewCommit(stream, sealed, version, uuid7(), metadata()))

    async def projected() -> str:
        projector = Projector(
            [CanNotRename(), CanNotRegister()],
            await notes.store.heads(),
            notes.store,
            notes.views,
            seals,
            EVENTS,
            pace=QUICK,
        )
        await projector.start()
        for log in await notes.store.heads():
            await projector.project(log, await notes.store.read_log(log, 0, 100))
        await projector.stop()
        return str([await notes.views.page(view, {}, None, 10) for view in ("owners", "repair_list")])

    await happened(owner, 0, OwnerRegistered(name="Ada Private", email="ada@example.org"))
    await happened(owner, 1, OwnerRenamed(name="Ada Secret"))
    opened = RepairOpened(subject="Private", message="Secret", owner_id=owner, opened_at=metadata().at)
    await happened(repair, 0, opened)
    before = await projected()
    await keys.destroy(owner)
    await notes.store.append(NewCommit(owner, [EVENTS.encode(OwnerErased())], 2, uuid7(), metadata()))
    after = await projected()

    parked = await notes.views.parked.page(None, None, 10)
    assert {one.projection: (one.version, one.last) for one in parked} == {"owners": (2, 3), "repair_list": (1, 3)}
    for private in ("Private", "ada@"):
        assert private in before
        assert private not in after
        assert private not in str(parked)
    assert "Secret" not in f"{after} {parked}"
    erased = {log_of(owner, PARTITIONS): 3}  # readers of copies learn of it, although it is parked
    assert notes.views.erasures("owners") == notes.views.erasures("repair_list") == erased


class Overtaken(InMemoryViewStore):
    """Something happens `meanwhile`, when what is to be committed next was read; where it `dies`, none answers."""

    meanwhile: Callable[[], Awaitable[None]] | None = None
    dies = hangs = False

    async def commit(self, batch: Batch) -> None:
        """See ViewWriter.commit."""
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            await meanwhile()
        await super().commit(batch)
        if self.dies and any(isinstance(change, Resume) for change in batch.parking):
            self.hangs = True
            await asyncio.Event().wait()

    async def has_hung(self) -> bool:
        """Whether a retry has committed, and waits for the answer."""
        return self.hangs


class Overtaking:
    """An owner whose names wait, parked, and are tried again by a projection that takes them."""

    def __init__(self) -> None:
        self.keys, self.notes, self.owner = InMemoryKeyStore(), Notes(), new_id("owner")
        self.notes.views = self.views = Overtaken()
        self.seals, self.log = seals_of(self.keys), log_of(self.owner, PARTITIONS)

    async def parked(self) -> Repairs:
        """The names are in the log, and not in the view."""
        registered = OwnerRegistered(name="Ada", email="ada@example.org")
        await self.happened(0, registered, OwnerRenamed(name="Secret"), OwnerRenamed(name="Private"))
        await self.projected()
        known = {"owners": (OwnersProjection(), self.views)}
        return Repairs(known, self.views, self.notes.store, self.seals, EVENTS, Ticking())

    async def happened(self, version: int, *events: DomainEvent) -> None:
        """Append to the owner's stream."""
        sealed = await self.seals.seal(self.owner, [EVENTS.encode(event) for event in events])
        await self.notes.store.append(NewCommit(self.owner, sealed, version, uuid7(), metadata()))

    async def projected(self) -> None:
        """A projector brings the view to the end of the log."""
        projection = CanNotRename()
        await self.views.prepare(projection.views, [(projection.name, self.log)])
        applier = Applier(self.log, self.views, EVENTS, self.seals, lambda applied: None)
        await applier.load([projection])
        at = applier.positions[projection.name]
        await applier.apply([projection], await self.notes.store.read_log(self.log, at, 100))

    async def erased(self) -> None:
        """The owner is, and the erasure is projected: set aside, as the stream is parked."""
        await self.keys.destroy(self.owner)
        await self.happened(3, OwnerErased())
        await self.projected()

    async def document(self) -> Document:
        """What the view shows."""
        [document] = await self.views.page("owners", {}, None, 10)
        return document


async def test_what_a_retry_opened_before_an_erasure_is_not_committed_after_it() -> None:
    shop = Overtaking()
    repairs = await shop.parked()

    shop.views.meanwhile = shop.erased
    [step] = [step async for step in repairs.retry(None, None, 1)]

    assert step.applied == 1
    document = await shop.document()
    assert (document["name"], document["email"]) == (ERASED, None)
    assert [(late.first, late.last) for late in await shop.views.parked.late_copies(10)] == [(2, 2)]
    assert not [step async for step in repairs.retry(None, None, 1000) if step.failed]
    document = await shop.document()
    assert (document["name"], document["version"], document["erased"]) == (ERASED, 4, True)


async def test_a_retry_that_is_killed_right_after_its_commit_leaves_nothing_of_who_was_erased_meanwhile() -> None:
    shop = Overtaking()
    repairs = await shop.parked()
    shop.views.meanwhile, shop.views.dies = shop.erased, True

    async def retried() -> None:
        async for _ in repairs.retry(None, None, 1):
            raise AssertionError("it is killed before")

    dying = asyncio.create_task(retried())
    await eventually(shop.views.has_hung, pause=0.001)
    dying.cancel()
    with suppress(asyncio.CancelledError):
        await dying

    assert "Secret" not in str(await shop.document())
    assert (await shop.document())["name"] == ERASED
